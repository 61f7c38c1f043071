import { InvalidArgumentError } from '@tenure/core/store';
import { commonSettings } from '../options.ts';
import type { CommonOptions, CommonSettings } from '../options.ts';
import type { PostgresConnection, PostgresPool } from './driver.ts';
import { MAX_NAME_BYTES } from './news.ts';
import { connectionOf } from './url.ts';

/** Where a database is: one of both. */
export interface PostgresAddress {
  /** `postgres://user:password@host:5432/database?sslmode=verify-full` */
  readonly url?: string;
  /** As `pg.Client` takes it. */
  readonly connection?: PostgresConnection;
}

/** What {@link postgres} takes: one of `url`, `connection` and `pool`. */
export interface PostgresOptions extends CommonOptions, PostgresAddress {
  /** A `pg.Pool` of yours, which stays open when the store closes. The store borrows up to four of its connections. */
  readonly pool?: PostgresPool;
  /**
   * Whether waiters are woken by NOTIFY, on one more connection. Through a pooler such as PgBouncer nothing can be
   * heard: give the server's own address here, or `false`, and waiters look every second. @default true
   */
  readonly listen?: boolean | PostgresAddress;
  /** How many connections the store opens at most, beside the one that listens; one of them is kept for renewals. @default 4 */
  readonly maxConnections?: number;
  /** Where the tables are. Not what `search_path` says: two roles could mean two tables by one name. @default 'public' */
  readonly schema?: string;
}

/** What is left out is this. */
export const defaults = {
  schema: 'public',
  tablePrefix: 'tenure_',
  listen: true,
  maxConnections: 4,
  migrate: false,
} as const;

const OWN_OPTIONS = ['url', 'connection', 'pool', 'listen', 'maxConnections'] as const;

export interface Settings extends CommonSettings {
  readonly tables: { readonly schema: string; readonly tablePrefix: string };
  /** A connection's parameters, or the pool. */
  readonly source: PostgresConnection | PostgresPool;
  readonly maxConnections: number;
  /** `own`: at the same place as everything else, where there may be a pooler. */
  readonly listen: 'own' | PostgresConnection | undefined;
}

export const isPool = (source: PostgresConnection | PostgresPool): source is PostgresPool =>
  typeof source['connect'] === 'function';

/** @throws InvalidArgumentError naming the option and what is wrong with its value. */
export function settingsOf(options: PostgresOptions): Settings {
  const common = commonSettings('postgres', options, OWN_OPTIONS, defaults);
  const { url, connection, pool, listen = defaults.listen, maxConnections } = options;
  const given = Object.entries({ url, connection, pool }).filter(([, value]) => value !== undefined);
  if (given.length !== 1) {
    const names = given.map(([name]) => name).join(' and ') || 'none';
    throw new InvalidArgumentError(`postgres needs one of url, connection and pool, got ${names}`);
  }
  if (maxConnections !== undefined && !(Number.isInteger(maxConnections) && maxConnections >= 2)) {
    throw new InvalidArgumentError(
      `postgres option maxConnections must be a whole number of at least 2, got ${String(maxConnections)}`,
    );
  }
  return {
    ...common,
    tables: checkedTables({ schema: defaults.schema, ...common.tables }),
    source: pool === undefined ? addressOf('postgres', { url, connection }) : checkedPool(pool),
    maxConnections: maxConnections ?? defaults.maxConnections,
    listen: listenOf(listen),
  };
}

function listenOf(listen: unknown): Settings['listen'] {
  if (typeof listen === 'boolean') return listen ? 'own' : undefined;
  if (typeof listen !== 'object' || listen === null) {
    throw new InvalidArgumentError(
      `postgres option listen must be true, false, { url } or { connection }, got ${JSON.stringify(listen)}`,
    );
  }
  return addressOf('postgres option listen', listen);
}

function addressOf(
  what: string,
  { url, connection }: { readonly [P in keyof PostgresAddress]: unknown },
): PostgresConnection {
  if ((url === undefined) === (connection === undefined)) {
    throw new InvalidArgumentError(`${what} needs one of url and connection`);
  }
  if (url !== undefined) return connectionOf(url);
  if (typeof connection !== 'object' || connection === null) {
    throw new InvalidArgumentError(`${what}: connection must be what pg.Client takes, an object`);
  }
  const { connectionString } = connection as PostgresConnection;
  return connectionString === undefined
    ? (connection as PostgresConnection)
    : { ...connection, ...connectionOf(connectionString) };
}

function checkedPool(pool: PostgresPool): PostgresPool {
  const { connect, on } = pool as Partial<PostgresPool>;
  if (typeof connect !== 'function' || typeof on !== 'function') {
    throw new InvalidArgumentError('postgres option pool must be a Pool of the pg package');
  }
  return pool;
}

/** Beyond that PostgreSQL cuts names off, so that two tables would have one. */
const LONGEST_SUFFIX = 'locks_session_id';

export function checkedTables(tables: Settings['tables']): Settings['tables'] {
  for (const [name, value, room] of [
    ['schema', tables.schema, 0],
    ['tablePrefix', tables.tablePrefix, LONGEST_SUFFIX.length],
  ] as const) {
    const bytes = Buffer.byteLength(value);
    if (bytes > MAX_NAME_BYTES - room) {
      throw new InvalidArgumentError(
        `postgres option ${name} takes ${bytes} bytes, may take ${MAX_NAME_BYTES - room}: ${JSON.stringify(value)}`,
      );
    }
  }
  return tables;
}
