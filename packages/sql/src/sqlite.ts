/** Locks and elections among the processes of one machine, in a SQLite file. */
import { later, NotAppliedError } from '@tenure/core/store';
import type { Clock, Store } from '@tenure/core/store';
import { checkup } from './sqlite/checkup.ts';
import { SqliteDatabase } from './sqlite/database.ts';
import { sqliteDialect } from './sqlite/dialect.ts';
import { optionsOf, settingsOf } from './sqlite/options.ts';
import type { SqliteOptions } from './sqlite/options.ts';
import { createSqlStore, migrateTables } from './store.ts';
import type { Migrated } from './store.ts';
import { createTablesText, dropTablesText } from './tables.ts';

export { defaults } from './sqlite/options.ts';
export type { SqliteOptions } from './sqlite/options.ts';
export type { Migrated } from './store.ts';
export type { DriverName, SqliteConnection, SqliteDriver, SqliteStatement } from './sqlite/driver.ts';

const KEEPS_WORD =
  "SQLite loses nothing that was committed unless the disk lies about it. It is for the processes of one machine, on that machine's disk: " +
  'never on a network file system. Sessions expire by the time of day of that machine, which can be set.';

/**
 * Opens the file when it is first used, and makes the tables there unless told otherwise.
 * @throws InvalidArgumentError naming the option and its value
 */
export function sqlite(options: SqliteOptions): Store {
  const settings = settingsOf(options);
  return createSqlStore({
    name: 'sqlite',
    database: new SqliteDatabase(settings),
    settings,
    keepsWord: KEEPS_WORD,
    checkup: (signal) => checkup(settings, signal),
  });
}

/** `sqlite:./tenure.db?namespace=billing&tablePrefix=x_`. @throws InvalidArgumentError for a parameter that nobody knows */
export const openUrl = (url: string): Store => sqlite(optionsOf(url));

/** The statements that `migrate` runs, for a migration tool of yours. */
export const createTablesSql = (options: Pick<SqliteOptions, 'tablePrefix'> = {}): string =>
  createTablesText(sqliteDialect, options);

/** {@link createTablesSql} for the options in a URL, whose file is not opened. */
export const createTablesSqlOfUrl = (url: string): string =>
  createTablesSql(settingsOf(optionsOf(url)).tables);

/** With the tables go the checkpoints. */
export const dropTablesSql = (options: Pick<SqliteOptions, 'tablePrefix'> = {}): string =>
  dropTablesText(sqliteDialect, options);

const RETRY_MS = 50;
const RETRIES = 200;

/** Makes the file, the tables and the indexes unless they are there. Waits for others who do the same. */
export async function migrate(options: SqliteOptions, signal?: AbortSignal): Promise<void> {
  await migrated(options, signal);
}

/** What {@link migrate} does, for the options in a URL, and what came of it. */
export async function migrateUrl(url: string, signal?: AbortSignal): Promise<Migrated> {
  return migrated(optionsOf(url), signal);
}

async function migrated(options: SqliteOptions, signal?: AbortSignal): Promise<Migrated> {
  const settings = settingsOf(options);
  const database = new SqliteDatabase(settings);
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await migrateTables(database, settings, signal);
      } catch (error) {
        if (!(error instanceof NotAppliedError) || attempt >= RETRIES) throw error;
        await pause(settings.clock, RETRY_MS);
      }
    }
  } finally {
    await database.close();
  }
}

function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.alarm(later(clock.now(), ms), resolve);
  });
}
