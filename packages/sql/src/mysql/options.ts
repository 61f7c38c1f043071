import { checkMs, InvalidArgumentError } from '@tenure/core/store';
import { commonSettings } from '../options.ts';
import type { CommonOptions, CommonSettings } from '../options.ts';
import type { TableOptions } from '../tables.ts';
import type { CallbackPool, MysqlConnectionOptions, MysqlPool } from './driver.ts';
import { connectionOf } from './url.ts';

/** What {@link mysql} takes: one of `url`, `connection` and `pool`. */
export interface MysqlOptions extends CommonOptions {
  /** `mysql://user:password@host:3306/database` or `mariadb://…`; its parameters are the driver's options. */
  readonly url?: string;
  /** As `mysql2.createConnection` takes it. */
  readonly connection?: MysqlConnectionOptions;
  /**
   * A pool of yours, of `mysql2` or `mysql2/promise`, which stays open when the store closes. The store borrows up to
   * `maxConnections` of its connections and leaves them as they were, for one more round trip with each statement.
   */
  readonly pool?: MysqlPool;
  /** How many connections the store uses at most; one of them is kept for renewals. @default 4 */
  readonly maxConnections?: number;
  /** How often those who wait look, all together in one question, in milliseconds; less often where that takes more than a tenth of it. @default 25 */
  readonly pollMs?: number;
  /** The database in which the tables are. @default that of the connection */
  readonly schema?: string;
}

/** What is left out is this. */
export const defaults = { tablePrefix: 'tenure_', maxConnections: 4, pollMs: 25, migrate: false } as const;

const OWN_OPTIONS = ['url', 'connection', 'pool', 'maxConnections', 'pollMs'] as const;

export interface Settings extends CommonSettings {
  /** A connection's options, or the pool. */
  readonly source: MysqlConnectionOptions | MysqlPool;
  readonly maxConnections: number;
  readonly pollMs: number;
}

/** @throws InvalidArgumentError naming the option and what is wrong with its value. */
export function settingsOf(options: MysqlOptions): Settings {
  const common = commonSettings('mysql', options, OWN_OPTIONS, defaults);
  const { url, connection, pool } = options;
  const { maxConnections = defaults.maxConnections, pollMs = defaults.pollMs } = options;
  const given = Object.entries({ url, connection, pool }).filter(([, value]) => value !== undefined);
  if (given.length !== 1) {
    const names = given.map(([name]) => name).join(' and ') || 'none';
    throw new InvalidArgumentError(`mysql needs one of url, connection and pool, got ${names}`);
  }
  if (!(Number.isInteger(maxConnections) && maxConnections >= 2)) {
    throw new InvalidArgumentError(
      `mysql option maxConnections must be a whole number of at least 2, got ${String(maxConnections)}`,
    );
  }
  checkMs('mysql option pollMs', pollMs);
  if (pollMs < 1) throw new InvalidArgumentError(`mysql option pollMs must be at least 1, got ${pollMs}`);
  checkTables(common.tables);
  return {
    ...common,
    source: pool === undefined ? addressOf(url, connection) : checkedPool(pool),
    maxConnections,
    pollMs,
  };
}

function addressOf(url: unknown, connection: unknown): MysqlConnectionOptions {
  if (url !== undefined) return connectionOf(url);
  if (typeof connection !== 'object' || connection === null) {
    throw new InvalidArgumentError('mysql option connection must be what mysql2.createConnection takes');
  }
  const { uri, ...rest } = connection as MysqlConnectionOptions;
  return uri === undefined ? rest : { ...connectionOf(uri), ...rest };
}

function checkedPool(pool: MysqlPool): MysqlPool {
  if (!poolIn(pool)) {
    throw new InvalidArgumentError('mysql option pool must be a pool of mysql2 or mysql2/promise');
  }
  return pool;
}

/** The pool with callbacks: itself, or inside one with promises. Undefined for what is no pool. */
export function poolIn(source: MysqlConnectionOptions | MysqlPool): CallbackPool | undefined {
  const { pool = source } = source as { readonly pool?: unknown };
  const { getConnection } = (pool ?? {}) as Partial<CallbackPool>;
  return typeof getConnection === 'function' ? (pool as CallbackPool) : undefined;
}

/** For messages: without user and password. */
export function placeOf(source: MysqlConnectionOptions | MysqlPool): string {
  const { config } = (poolIn(source) ?? {}) as { config?: { connectionConfig?: MysqlConnectionOptions } };
  const { host, port, socketPath, database } = config?.connectionConfig ?? (source as MysqlConnectionOptions);
  return `${socketPath ?? `${host ?? 'localhost'}:${port ?? 3306}`}${database === undefined ? '' : `/${database}`}`;
}

/** What no name in MySQL may have: a character beyond the first 65536, and a space at its end. */
export function checkTables({ tablePrefix, schema }: TableOptions): void {
  for (const [name, value] of Object.entries({ tablePrefix, schema })) {
    if (value === undefined) continue;
    if (/[\u{10000}-\u{10FFFF}]/u.test(value) || (name === 'schema' && value.endsWith(' '))) {
      throw new InvalidArgumentError(
        `mysql option ${name} must not have emoji or other characters beyond U+FFFF, nor a schema a space at its end; got ${JSON.stringify(value)}`,
      );
    }
  }
}
