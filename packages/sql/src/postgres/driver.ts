import { InvalidArgumentError } from '@tenure/core/store';

/** What is used of the driver `pg`, declared here so that nobody needs its types. */
export interface Query {
  /** Kept prepared by the connection under this name. */
  readonly name?: string;
  readonly text: string;
  readonly values?: unknown[];
}

export interface QueryResult {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly rowCount: number | null;
}

export interface PostgresClient {
  /** As the server said; behind a pooler, as that made up. */
  readonly processID?: number | null;
  // oxlint-disable-next-line typescript/no-explicit-any -- as the driver declares it
  query(query: any): Promise<QueryResult>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  removeListener(event: 'error', listener: (error: Error) => void): unknown;
}

export interface PostgresPoolClient extends PostgresClient {
  /** `true` destroys the connection instead of giving it back. */
  release(destroy?: boolean): void;
}

/** A `pg.Pool`. */
export interface PostgresPool {
  connect(): Promise<PostgresPoolClient>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  removeListener(event: 'error', listener: (error: Error) => void): unknown;
}

/** What `pg.Client` takes: `host`, `port`, `user`, `password`, `database`, `ssl` and the rest. */
export interface PostgresConnection {
  readonly host?: string;
  readonly port?: number;
  readonly user?: string;
  readonly password?: string | (() => string | Promise<string>);
  readonly database?: string;
  readonly ssl?: unknown;
  readonly [option: string]: unknown;
}

export interface Notification {
  readonly channel: string;
  readonly payload?: string;
}

/** A `pg.Client`, with the part that is not in its documentation but in every version. */
export interface OwnClient extends PostgresClient {
  connect(): Promise<unknown>;
  end(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  on(event: 'notification', listener: (notification: Notification) => void): unknown;
  readonly secretKey?: number | null;
  readonly host?: string;
  readonly port?: number;
  readonly connection?: { readonly stream?: { destroy(): unknown } };
}

export type ClientClass = new (connection: PostgresConnection) => OwnClient;

/** Loads the driver when it is first needed. @throws InvalidArgumentError when it is not installed. */
export async function loadDriver(): Promise<ClientClass> {
  try {
    const driver = await import('pg');
    return driver.default.Client as unknown as ClientClass;
  } catch (error) {
    throw new InvalidArgumentError('the PostgreSQL store needs the driver pg: npm install pg', {
      cause: error,
    });
  }
}

/** 64-bit integers exactly, whatever parsers the program has set for the driver. */
const TYPES = {
  getTypeParser(oid: number): (text: string) => unknown {
    if (oid === 20) return BigInt;
    if (oid === 21 || oid === 23) return Number;
    return oid === 16 ? (text) => text === 't' : (text) => text;
  },
};

export function queryOf(text: string, values: readonly unknown[] = [], name?: string): Query {
  const query = { text, values: [...values], types: TYPES };
  return name === undefined ? query : Object.assign(query, { name });
}
