import { createRequire } from 'node:module';
import { join } from 'node:path';
import {
  AccessDeniedError,
  InvalidArgumentError,
  NotAppliedError,
  StoreUnavailableError,
} from '@tenure/core/store';
import { describe, expect, it } from 'vitest';
import { failureOf } from '../src/sqlite/failure.ts';
import { settingsOf } from '../src/sqlite/options.ts';
import { openUrl, sqlite } from '../src/sqlite.ts';
import { temporaryFolder } from './sqlite-files.ts';
import { sessionOf, storeOf } from './sqlite-store.ts';

describe('the options of sqlite', () => {
  it('are refused with their name and value when they make no sense', () => {
    const bad = (options: object): unknown => {
      try {
        return sqlite(options);
      } catch (error) {
        return error;
      }
    };
    const cases: readonly (readonly [object, RegExp])[] = [
      [{}, /one of file, url and database, got none/u],
      [{ file: 'a', url: 'sqlite:b' }, /got file and url/u],
      [{ file: 'a', flie: 'b' }, /no option "flie"/u],
      [{ file: ':memory:' }, /":memory:"/u],
      [{ file: '' }, /""/u],
      [{ file: 'a', driver: 'sqlite3' }, /"sqlite3"/u],
      [{ file: 'a', busyTimeoutMs: 60_000 }, /busyTimeoutMs.*60000/u],
      [{ file: 'a', pollMs: 0 }, /pollMs.*0/u],
      [{ file: 'a', tablePrefix: '' }, /tablePrefix.*""/u],
      [{ file: 'a', schema: 'x' }, /schema/u],
      [{ file: 'a', retainMs: -1 }, /retainMs.*-1/u],
      [{ file: 'a', migrate: true }, /migrate.*true/u],
      [{ database: {} }, /database must be an open Database/u],
    ];
    for (const [options, message] of cases) {
      const error = bad(options);
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect(String(error)).toMatch(message);
    }
  });

  it('come from a URL, with relative and absolute paths', () => {
    const fileOf = (url: string): unknown => settingsOf({ url }).source;
    expect(fileOf('sqlite:./a/tenure.db')).toEqual({ file: join(process.cwd(), 'a', 'tenure.db') });
    expect(fileOf('sqlite:tenure%20x.db')).toEqual({ file: join(process.cwd(), 'tenure x.db') });
    expect(fileOf('sqlite:///var/tenure.db')).toEqual({ file: '/var/tenure.db' });
    expect(fileOf('sqlite:/var/tenure.db')).toEqual({ file: '/var/tenure.db' });
    const settings = settingsOf({
      url: 'sqlite:a.db?namespace=billing&tablePrefix=x_&retainMs=5000&migrate=false&pollMs=7&driver=libsql',
    });
    expect(settings).toMatchObject({
      namespace: 'billing',
      tables: { tablePrefix: 'x_' },
      retainMs: 5000,
      migrate: false,
      pollMs: 7,
      driver: ['libsql'],
    });
    expect(openUrl('sqlite:./a.db?namespace=billing').namespace).toBe('billing');
    for (const url of [
      'sqlite:',
      'sqlite://host/a.db',
      'file:a.db',
      'sqlite:a.db?table=x',
      'sqlite:a.db?schema=x',
      'sqlite:a.db?pollMs=x',
      'sqlite:a.db?migrate=1',
      'sqlite:a.db?namespace=a&namespace=b',
      'sqlite:a%.db',
    ]) {
      expect(() => openUrl(url)).toThrow(InvalidArgumentError);
    }
  });
});

it.skipIf(isInstalled('better-sqlite3'))('names what to install where there is no driver', async () => {
  const file = join(await temporaryFolder(), 'tenure.db');
  const error = await sessionOf(storeOf({ file, driver: 'better-sqlite3' })).catch(
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InvalidArgumentError);
  expect(String(error)).toContain('npm install better-sqlite3');
});

it('tells a full disk, a lock and an unknown error apart', () => {
  const of = (code: string, message = 'x'): unknown =>
    failureOf(Object.assign(new Error(message), { code }), 'sqlite');
  expect(of('SQLITE_FULL')).toBeInstanceOf(StoreUnavailableError);
  expect(String(of('SQLITE_FULL'))).toContain('full');
  expect(of('SQLITE_BUSY_SNAPSHOT')).toBeInstanceOf(NotAppliedError);
  expect(of('SQLITE_READONLY_DIRECTORY')).toBeInstanceOf(AccessDeniedError);
  expect(of('SQLITE_IOERR_WRITE')).toBeInstanceOf(StoreUnavailableError);
  expect(of('SQLITE_CORRUPT')).toBeInstanceOf(StoreUnavailableError);
  expect(of('', 'ConnectionFailed("Unable to open connection to local database /x: 14")')).toBeInstanceOf(
    AccessDeniedError,
  );
});

function isInstalled(name: string): boolean {
  try {
    return createRequire(import.meta.url).resolve(name) !== '';
  } catch {
    return false;
  }
}
