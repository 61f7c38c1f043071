/** Leases in two tables of MySQL 8 or later, or MariaDB 10.6 or later, on its own clock, over the driver `mysql2`. */
import type { Store } from '@tenure/core/store';
import { checkup } from './mysql/checkup.ts';
import { MysqlDatabase } from './mysql/database.ts';
import { dialect } from './mysql/dialect.ts';
import { checkTables, settingsOf } from './mysql/options.ts';
import type { MysqlOptions, Settings } from './mysql/options.ts';
import { optionsOfUrl } from './mysql/url.ts';
import { createSqlStore, migrateTables } from './store.ts';
import type { Migrated } from './store.ts';
import { createTablesText, dropTablesText, tablesOf } from './tables.ts';
import type { TableOptions } from './tables.ts';

export { defaults } from './mysql/options.ts';
export type { MysqlOptions } from './mysql/options.ts';
export type {
  CallbackPool,
  MysqlConnection,
  MysqlConnectionOptions,
  MysqlPool,
  MysqlPoolConnection,
} from './mysql/driver.ts';
export type { CommonOptions } from './options.ts';
export type { Migrated } from './store.ts';
export type { TableOptions } from './tables.ts';

const KEEPS_WORD =
  'MySQL and MariaDB lose nothing that they have committed, a crash of the server included, unless they run with ' +
  'innodb_flush_log_at_trx_commit other than 1. A replica that takes over without having received the last commits ' +
  'does not know the last grants: who was granted a key then may lead beside the next one until its deadline, and a ' +
  'token can come twice. The same goes for a cluster that is written to on several nodes. Sessions expire by the time ' +
  'of day of the machine that the server runs on, which must not be set forward by more than the margin, nor differ ' +
  'on a replica.';

/** Connects when first asked. @throws InvalidArgumentError for an option it does not know or a value it can't use. */
export function mysql(options: MysqlOptions): Store {
  const settings = settingsOf(options);
  const database = databaseOf(settings);
  return createSqlStore({
    name: 'mysql',
    database,
    settings,
    keepsWord: KEEPS_WORD,
    checkup: (signal) => checkup(database, settings, signal),
  });
}

/**
 * `mysql://user:password@host:3306/database?namespace=…&schema=…&tablePrefix=…&pollMs=…&maxConnections=…`, or
 * `mariadb://…`. Every other parameter, as `ssl`, goes to the driver.
 */
export function openUrl(url: string): Store {
  return mysql(optionsOfUrl(url));
}

/**
 * Makes tables and indexes unless they are there; the database itself must be. Safe when many processes do it at once;
 * a user who may not make tables can call it where there is nothing to make.
 */
export async function migrate(options: MysqlOptions, signal?: AbortSignal): Promise<void> {
  await migrated(options, signal);
}

/** What {@link migrate} does, for the options in a URL, and what came of it. */
export async function migrateUrl(url: string, signal?: AbortSignal): Promise<Migrated> {
  return migrated(optionsOfUrl(url), signal);
}

async function migrated(options: MysqlOptions, signal?: AbortSignal): Promise<Migrated> {
  const settings = settingsOf(options);
  const database = databaseOf(settings);
  try {
    return await migrateTables(database, settings, signal);
  } finally {
    await database.close();
  }
}

/** The SQL that {@link migrate} runs, for a migration tool of your own. */
export function createTablesSql(options: TableOptions = {}): string {
  checkTables(options);
  return createTablesText(dialect, options);
}

/** {@link createTablesSql} for the options in a URL, which is not connected to. */
export function createTablesSqlOfUrl(url: string): string {
  return createTablesSql(settingsOf(optionsOfUrl(url)).tables);
}

/** Everything goes: who holds what, and the checkpoints. */
export function dropTablesSql(options: TableOptions = {}): string {
  checkTables(options);
  return dropTablesText(dialect, options);
}

const databaseOf = (settings: Settings): MysqlDatabase =>
  new MysqlDatabase(settings, tablesOf(dialect, settings.tables));
