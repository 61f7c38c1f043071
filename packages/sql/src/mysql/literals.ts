import type { Statement, Value } from '../database.ts';

/**
 * The statement with its values in it, texts as their bytes in hexadecimal digits: there is nothing to escape, so that
 * no SQL mode and no character set of the connection can change what a value is, nor where it ends. In one round trip,
 * and nothing stays prepared on the server.
 */
export function withLiterals({ text, values }: Statement): string {
  let next = 0;
  return text.replaceAll(/'(?:[^']|'')*'|`(?:[^`]|``)*`|\?/gu, (part) => {
    if (part !== '?') return part;
    const value = values[next] ?? null;
    next += 1;
    return literal(value);
  });
}

function literal(value: Value): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return `X'${Buffer.from(value).toString('hex')}'`;
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new TypeError(`${value} is not a whole number that is exact`);
  }
  return String(value);
}
