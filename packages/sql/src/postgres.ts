/** Leases in two tables of PostgreSQL 10 or later, on its own clock, over the driver `pg`. */
import type { Store } from '@tenure/core/store';
import { checkup } from './postgres/checkup.ts';
import { PostgresDatabase } from './postgres/database.ts';
import { dialect } from './postgres/dialect.ts';
import { createSchemaSql } from './postgres/migration.ts';
import { optionsOfUrl } from './postgres/open-url.ts';
import { checkedTables, defaults, settingsOf } from './postgres/options.ts';
import type { PostgresOptions, Settings } from './postgres/options.ts';
import { createSqlStore, migrateTables } from './store.ts';
import type { Migrated } from './store.ts';
import { createTablesText, dropTablesText, tablesOf } from './tables.ts';
import type { TableOptions } from './tables.ts';

export { defaults } from './postgres/options.ts';
export type { PostgresAddress, PostgresOptions } from './postgres/options.ts';
export type {
  PostgresClient,
  PostgresConnection,
  PostgresPool,
  PostgresPoolClient,
} from './postgres/driver.ts';
export type { CommonOptions } from './options.ts';
export type { Migrated } from './store.ts';
export type { TableOptions } from './tables.ts';

const KEEPS_WORD =
  'PostgreSQL loses nothing that it has committed, a crash of the server included, unless it runs with fsync off. A ' +
  'standby that takes over without synchronous replication may not know the last grants: who was granted a key then may ' +
  'lead beside the next one until its deadline, and a token can come twice. Sessions expire by the time of day of the ' +
  'machine that the server runs on, which must not be set forward by more than the margin, nor differ on a standby.';

/** Connects when first asked. @throws InvalidArgumentError for an option it does not know or a value it can't use. */
export function postgres(options: PostgresOptions): Store {
  const settings = settingsOf(options);
  const database = databaseOf(settings);
  return createSqlStore({
    name: 'postgres',
    database,
    settings,
    keepsWord: KEEPS_WORD,
    checkup: (signal) => checkup(database, settings, signal),
  });
}

/**
 * `postgres://user:password@host:5432/database?namespace=…&schema=…&tablePrefix=…&listen=false&maxConnections=…`
 * Every other parameter, as `sslmode`, goes to the driver.
 */
export function openUrl(url: string): Store {
  return postgres(optionsOfUrl(url));
}

/**
 * Makes schema, tables and indexes unless they are there. Safe when many processes do it at once; a role that may not
 * make tables can call it where there is nothing to make.
 */
export async function migrate(options: PostgresOptions, signal?: AbortSignal): Promise<void> {
  await migrated(options, signal);
}

/** What {@link migrate} does, for the options in a URL, and what came of it. */
export async function migrateUrl(url: string, signal?: AbortSignal): Promise<Migrated> {
  return migrated(optionsOfUrl(url), signal);
}

async function migrated(options: PostgresOptions, signal?: AbortSignal): Promise<Migrated> {
  const settings = settingsOf({ ...options, listen: false });
  const database = databaseOf(settings);
  try {
    return await migrateTables(database, settings, signal);
  } finally {
    await database.close();
  }
}

/** The SQL that {@link migrate} runs, for a migration tool of your own. */
export function createTablesSql(options: TableOptions = {}): string {
  const tables = tablesFor(options);
  return `${createSchemaSql(tables.schema)};\n${createTablesText(dialect, tables)}`;
}

/** {@link createTablesSql} for the options in a URL, which is not connected to. */
export function createTablesSqlOfUrl(url: string): string {
  return createTablesSql(settingsOf(optionsOfUrl(url)).tables);
}

/** Everything goes: who holds what, and the checkpoints. The schema stays. */
export function dropTablesSql(options: TableOptions = {}): string {
  return dropTablesText(dialect, tablesFor(options));
}

const databaseOf = (settings: Settings): PostgresDatabase =>
  new PostgresDatabase(settings, tablesOf(dialect, settings.tables));

const tablesFor = ({
  schema = defaults.schema,
  tablePrefix = defaults.tablePrefix,
}: TableOptions): Settings['tables'] => checkedTables({ schema, tablePrefix });
