import type { Row } from '../database.ts';

/** Drivers give 64-bit integers as bigint, number or decimal text. */
export function bigintOf(row: Row, name: string): bigint {
  const value = row[name];
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' || typeof value === 'string') return BigInt(value);
  throw new TypeError(`column ${name} is ${String(value)}, not a whole number: were the tables altered?`);
}

export function textOf(row: Row, name: string): string {
  const text = textOrNone(row, name);
  if (text === undefined) throw new TypeError(`column ${name} is NULL: were the tables altered?`);
  return text;
}

/** Columns of bytes are text, too: that is how some databases keep it exact. */
export function textOrNone(row: Row, name: string): string | undefined {
  const value = row[name];
  if (value === null || value === undefined) return undefined;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (typeof value === 'string') return value;
  throw new TypeError(`column ${name} is of type ${typeof value}, not text: were the tables altered?`);
}

/** Microseconds as milliseconds, rounded up; 0 for what is not there or over. */
export function remainingMs(row: Row, name: string): number {
  if (row[name] === null || row[name] === undefined) return 0;
  const us = bigintOf(row, name);
  return us > 0n ? Math.ceil(Number(us) / 1000) : 0;
}
