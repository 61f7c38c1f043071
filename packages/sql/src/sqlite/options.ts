import { resolve } from 'node:path';
import { InvalidArgumentError, redactUrl } from '@tenure/core/store';
import { commonSettings } from '../options.ts';
import type { CommonOptions, CommonSettings } from '../options.ts';
import { numberOf, queryOptions } from '../url.ts';
import { DRIVERS, isConnection } from './driver.ts';
import type { DriverName, SqliteConnection, SqliteDriver } from './driver.ts';

export interface SqliteOptions extends Omit<CommonOptions, 'schema'> {
  /** The database's file, on a disk of this machine. Made when it is not there; its folder is not. */
  readonly file?: string;
  /** Instead of `file`: `sqlite:./tenure.db?tablePrefix=x`, or `sqlite:///var/lib/app/tenure.db`. */
  readonly url?: string;
  /**
   * Instead of `file`: an open `Database` of libsql or better-sqlite3. It stays yours and is not closed, and its settings
   * are left alone. While you are inside a transaction of your own on it, every verb rejects.
   */
  readonly database?: SqliteConnection;
  /** The driver's name, or its class `Database`. @default whichever is installed, libsql first */
  readonly driver?: DriverName | SqliteDriver;
  /** How long a statement waits for another process's writing, in milliseconds. The event loop waits with it. @default 20 */
  readonly busyTimeoutMs?: number;
  /** How often to look for what other processes have changed, while something waits for it, in milliseconds. @default 20 */
  readonly pollMs?: number;
}

export interface SqliteSettings extends CommonSettings {
  /** An absolute path, or somebody's connection. */
  readonly source: { readonly file: string } | { readonly connection: SqliteConnection };
  /** Names are tried in turn. */
  readonly driver: readonly DriverName[] | SqliteDriver;
  readonly busyTimeoutMs: number;
  readonly pollMs: number;
}

/** What is used where an option is left out. */
export const defaults = { migrate: 'auto', busyTimeoutMs: 20, pollMs: 20 } as const;

const OWN = ['file', 'url', 'database', 'driver', 'busyTimeoutMs', 'pollMs'] as const;
/** The event loop stands still for as long. */
const MAX_BUSY_MS = 1000;

/** @throws InvalidArgumentError naming the option and its value */
export function settingsOf(given: SqliteOptions): SqliteSettings {
  // Before anything of it is used.
  commonSettings('sqlite', given, OWN, defaults);
  const { file, ...named } = given.url === undefined ? given : { ...given, ...optionsOf(given.url) };
  const options = { ...named, ...given };
  const { driver, busyTimeoutMs = defaults.busyTimeoutMs, pollMs = defaults.pollMs } = options;
  if ('schema' in given) {
    throw new InvalidArgumentError('sqlite has no option "schema": a file has only one');
  }
  checkNumber('busyTimeoutMs', busyTimeoutMs, 0, MAX_BUSY_MS);
  checkNumber('pollMs', pollMs, 1, 60_000);
  return {
    ...commonSettings('sqlite', options, OWN, defaults),
    source: sourceOf(given, file),
    driver: driverOf(driver),
    busyTimeoutMs,
    pollMs,
  };
}

/** @throws InvalidArgumentError for a parameter that nobody knows */
export function optionsOf(url: string): SqliteOptions & { readonly file: string } {
  const parts = /^sqlite:(?:\/\/(?=\/))?(?<path>[^?#]+)(?:\?(?<query>[^#]*))?$/u.exec(url)?.groups;
  const path = parts?.['path'];
  if (path === undefined || path.startsWith('//')) {
    throw new InvalidArgumentError(
      `a SQLite URL is like sqlite:./tenure.db or sqlite:///var/lib/app/tenure.db, got ${JSON.stringify(redactUrl(url))}`,
    );
  }
  const query = new URLSearchParams(parts?.['query'] ?? '');
  const { common, own } = queryOptions(url, query, ['driver', 'busyTimeoutMs', 'pollMs']);
  const { schema, ...rest } = common;
  if (schema !== undefined)
    throw new InvalidArgumentError(`${JSON.stringify(redactUrl(url))} names a schema: a file has only one`);
  const number = (name: 'busyTimeoutMs' | 'pollMs'): object => {
    const text = own.get(name);
    return text === undefined ? {} : { [name]: numberOf(url, name, text) };
  };
  const driver = own.get('driver');
  return {
    file: decodePath(url, path),
    ...rest,
    ...(driver === undefined ? {} : { driver: driver as DriverName }),
    ...number('busyTimeoutMs'),
    ...number('pollMs'),
  };
}

function decodePath(url: string, path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (error) {
    throw new InvalidArgumentError(
      `${JSON.stringify(redactUrl(url))} has a "%" that encodes nothing; write it %25`,
      {
        cause: error,
      },
    );
  }
}

function driverOf(driver: SqliteOptions['driver']): SqliteSettings['driver'] {
  if (driver === undefined) return DRIVERS;
  if (typeof driver === 'function') return driver;
  if (DRIVERS.includes(driver)) return [driver];
  throw new InvalidArgumentError(
    `sqlite option driver must be one of ${DRIVERS.join(', ')}, or a class of theirs, got ${JSON.stringify(driver)}`,
  );
}

function sourceOf({ file, url, database }: SqliteOptions, path: unknown): SqliteSettings['source'] {
  const given = Object.entries({ file, url, database }).filter(([, value]) => value !== undefined);
  if (given.length !== 1) {
    const names = given.map(([name]) => name).join(' and ') || 'none';
    throw new InvalidArgumentError(`sqlite needs one of file, url and database, got ${names}`);
  }
  if (database !== undefined) {
    if (!isConnection(database)) {
      throw new InvalidArgumentError(
        'sqlite option database must be an open Database of libsql or better-sqlite3',
      );
    }
    return { connection: database };
  }
  if (
    typeof path !== 'string' ||
    path === '' ||
    path.startsWith(':') ||
    path.startsWith('file:') ||
    path.includes('\0')
  ) {
    throw new InvalidArgumentError(
      `sqlite option file must be the path of a file, got ${JSON.stringify(path)}; for one process alone there is memory()`,
    );
  }
  return { file: resolve(path) };
}

function checkNumber(name: string, value: unknown, from: number, to: number): void {
  if (typeof value !== 'number' || !(value >= from && value <= to)) {
    throw new InvalidArgumentError(
      `sqlite option ${name} must be ${from} to ${to} milliseconds, got ${String(value)}`,
    );
  }
}
