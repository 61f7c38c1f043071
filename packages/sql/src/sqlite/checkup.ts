/** What only SQLite and the file can tell. The file is looked into, and neither made nor switched to WAL. */
import { abortable, StoreUnavailableError } from '@tenure/core/store';
import type { Checkup, Finding } from '@tenure/core/store';
import { found, isAtLeast, ofMissing, TABLES_FIT } from '../finding.ts';
import { sqliteDialect } from './dialect.ts';
import { loadDriver } from './driver.ts';
import type { SqliteConnection } from './driver.ts';
import { failureOf } from './failure.ts';
import type { SqliteSettings } from './options.ts';
import { placeOf } from './place.ts';

/** @throws what any verb does when SQLite cannot be had, or the file is none of SQLite's */
export async function checkup(settings: SqliteSettings, signal: AbortSignal): Promise<Checkup> {
  const { source, driver, busyTimeoutMs } = settings;
  if ('connection' in source) {
    if (source.connection.open) return lookedAt('sqlite', source.connection, settings, []);
    throw new StoreUnavailableError('sqlite: the database that was passed in has been closed');
  }
  const { file } = source;
  const { usable, findings } = await abortable(placeOf(file), signal);
  const Driver = typeof driver === 'function' ? driver : await abortable(loadDriver(driver), signal);
  signal.throwIfAborted();
  const where = `sqlite: ${file}`;
  let raw: SqliteConnection;
  try {
    // Whoever has no right to write cannot even read a file in WAL.
    raw = new Driver(usable ? file : ':memory:', { timeout: busyTimeoutMs });
  } catch (error) {
    throw failureOf(error, where);
  }
  try {
    return lookedAt(where, raw, usable ? settings : undefined, findings);
  } finally {
    raw.close();
  }
}

/** With what is found in a database, unless it is a stand-in. */
function lookedAt(
  where: string,
  raw: SqliteConnection,
  settings: SqliteSettings | undefined,
  findings: readonly Finding[],
): Checkup {
  try {
    const version = String(only(raw, 'SELECT sqlite_version()'));
    return {
      product: `SQLite ${version}`,
      serverTimeMs: Number(only(raw, `SELECT ${sqliteDialect.nowUs}`)) / 1000,
      findings: [...findings, ...ofVersion(version), ...(settings ? look(raw, settings) : [])],
    };
  } catch (error) {
    throw failureOf(error, where);
  }
}

const only = (raw: SqliteConnection, text: string): unknown => {
  const [row] = raw.prepare(text).all([]) as Record<string, unknown>[];
  return Object.values(row ?? {})[0];
};

function ofVersion(version: string): readonly Finding[] {
  if (isAtLeast(version, [3, 35])) return [];
  return [found('bad', `SQLite ${version} is too old: 3.35 or later is needed. Upgrade the driver.`)];
}

function look(raw: SqliteConnection, { tables, migrate, source }: SqliteSettings): readonly Finding[] {
  const isForeign = 'connection' in source;
  const names = [`${tables.tablePrefix}sessions`, `${tables.tablePrefix}locks`];
  const rows = raw.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all([]) as {
    readonly name: string;
  }[];
  const missing = names.filter((name) => rows.every((row) => row.name !== name));
  const quoted = missing.map((name) => sqliteDialect.quote(name));
  return [
    ofJournal(String(only(raw, 'PRAGMA journal_mode')), isForeign),
    ...(isForeign && Number(only(raw, 'PRAGMA synchronous')) < 2 ? [LAZY] : []),
    missing.length > 0 ? ofMissing(quoted, migrate) : TABLES_FIT,
  ];
}

function ofJournal(mode: string, isForeign: boolean): Finding {
  if (mode === 'wal')
    return found('good', 'The journal is in WAL mode: who reads keeps nobody from writing.');
  if (!isForeign)
    return found(
      'good',
      `The journal is in ${mode} mode; the store switches the file to WAL when it is first used.`,
    );
  return found(
    'warning',
    `The journal is in ${mode} mode: who reads keeps others from writing, renewals too. Run PRAGMA journal_mode = WAL on it.`,
  );
}

const LAZY = found(
  'warning',
  'PRAGMA synchronous is less than FULL on your connection: a power cut may lose the last commits, and who was granted a lock ' +
    'with them. Set it to FULL.',
);
