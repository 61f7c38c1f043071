/** What is used of libsql and better-sqlite3, whose interfaces agree in it. */
import { InvalidArgumentError } from '@tenure/core/store';

export interface SqliteStatement {
  /** It answers rows: `run` of such a one leaves libsql's transaction open. */
  readonly reader: boolean;
  safeIntegers(on: boolean): unknown;
  run(values: readonly unknown[]): { readonly changes: number | bigint };
  all(values: readonly unknown[]): unknown[];
}

/** A `Database` of libsql or better-sqlite3. */
export interface SqliteConnection {
  readonly open: boolean;
  readonly inTransaction: boolean;
  prepare(text: string): SqliteStatement;
  exec(text: string): unknown;
  close(): unknown;
}

export type DriverName = 'libsql' | 'better-sqlite3';

/** The class `Database` of a driver. */
export type SqliteDriver = new (file: string, options: { readonly timeout: number }) => SqliteConnection;

export const DRIVERS: readonly DriverName[] = ['libsql', 'better-sqlite3'];

/** @throws InvalidArgumentError when none of them is there, or the one that is cannot be loaded on this machine */
export async function loadDriver(names: readonly DriverName[]): Promise<SqliteDriver> {
  const failures: unknown[] = [];
  for (const name of names) {
    try {
      const specifier: string = name;
      return ((await import(specifier)) as { readonly default: SqliteDriver }).default;
    } catch (error) {
      failures.push(error);
    }
  }
  const reasons = failures.map((error) => (error instanceof Error ? error.message.split('\n', 1)[0] : ''));
  throw new InvalidArgumentError(
    `sqlite needs a driver, ${names.join(' or ')}: npm install ${names[0]} (${reasons.join('; ')})`,
    { cause: new AggregateError(failures) },
  );
}

export function isConnection(value: unknown): value is SqliteConnection {
  const { prepare, exec, open } = (value ?? {}) as Partial<SqliteConnection>;
  return typeof prepare === 'function' && typeof exec === 'function' && typeof open === 'boolean';
}
