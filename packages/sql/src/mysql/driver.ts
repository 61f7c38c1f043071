import { InvalidArgumentError } from '@tenure/core/store';
import type { Row } from '../database.ts';

/** What is used of the driver `mysql2`, declared here so that nobody needs its types. */
export interface MysqlConnection {
  // oxlint-disable-next-line typescript/no-explicit-any -- as the driver declares it
  query(options: any, callback: (error: Error | null, result: any) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  removeListener(event: 'error', listener: (error: Error) => void): unknown;
  /** Ends it as far as the driver is concerned: the socket may linger for an acknowledgement. */
  destroy(): void;
}

export interface MysqlPoolConnection extends MysqlConnection {
  release(): void;
}

/** The pool of `mysql2`. */
export interface CallbackPool {
  // oxlint-disable-next-line typescript/no-explicit-any -- its own type is the driver's
  getConnection(callback: (error: Error | null, connection: any) => void): void;
}

/** One of `mysql2`'s pools, or of those of `mysql2/promise`, which have the former inside. */
export type MysqlPool = CallbackPool | { readonly pool: CallbackPool };

/** What `mysql2.createConnection` takes. */
export interface MysqlConnectionOptions {
  readonly host?: string;
  readonly port?: number;
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  readonly socketPath?: string;
  readonly ssl?: unknown;
  readonly [option: string]: unknown;
}

/** A connection of our own, with the part that is not in the driver's documentation but in every version. */
export interface OwnConnection extends MysqlConnection {
  connect(callback: (error: Error | null) => void): void;
  end(callback: () => void): void;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  readonly stream?: {
    destroy(): unknown;
    once(event: 'close', listener: () => void): unknown;
    readonly closed?: boolean;
  };
}

export interface Driver {
  createConnection(options: MysqlConnectionOptions): OwnConnection;
}

/** Loads the driver when it is first needed. @throws InvalidArgumentError when it is not installed. */
export async function loadDriver(): Promise<Driver> {
  try {
    const driver = await import('mysql2');
    return driver.default as unknown as Driver;
  } catch (error) {
    throw new InvalidArgumentError('the MySQL store needs the driver mysql2: npm install mysql2', {
      cause: error,
    });
  }
}

/** What the server says of a statement. */
export interface Outcome {
  readonly rows: readonly Row[];
  readonly changed: number;
  readonly insertId: bigint;
  /** Whether the connection commits every statement at once. Unknown, and false, after rows. */
  readonly autocommit: boolean;
}

interface Header {
  readonly affectedRows: number;
  /** Text where a number would not be exact. */
  readonly insertId: number | string;
  readonly info?: string;
  readonly serverStatus?: number;
}

const AUTOCOMMIT = 2;

/** Every column as text, numbers too: exact, whatever the pool's own options make of them. */
const typeCast = (field: { string(encoding: string): string | null }): string | null => field.string('utf8');
const SHAPE = { typeCast, rowsAsArray: false, nestTables: false, namedPlaceholders: false };

export function ask(connection: MysqlConnection, sql: string): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    connection.query({ ...SHAPE, sql }, (error, result: Header | readonly Row[]) => {
      if (error) reject(error);
      else if (isRows(result)) resolve({ rows: result, changed: 0, insertId: 0n, autocommit: false });
      else resolve(told(sql, result));
    });
  });
}

const isRows = (result: Header | readonly Row[]): result is readonly Row[] => Array.isArray(result);

function told(sql: string, { affectedRows, insertId, info = '', serverStatus = 0 }: Header): Outcome {
  // A pool with the flag -FOUND_ROWS counts what differs. The server says also how much it found: "Rows matched: 1".
  const found = sql.startsWith('UPDATE') ? Number(/\d+/u.exec(info)?.[0] ?? 0) : 0;
  return {
    rows: [],
    changed: Math.max(affectedRows, found),
    // Its text first: the driver gives a number wherever that looks the same, which is not where it is the same.
    insertId: BigInt.asIntN(64, BigInt(String(insertId))),
    autocommit: (serverStatus & AUTOCOMMIT) !== 0,
  };
}
