import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  AccessDeniedError,
  ClosedError,
  InvalidArgumentError,
  NotAppliedError,
  SessionGoneError,
  StoreUnavailableError,
} from '@tenure/core/store';
import { describe, expect, it } from 'vitest';
import { createTablesSql, dropTablesSql, migrate, sqlite } from '../src/sqlite.ts';
import { driverAt, driverPlaces, nameOfDriver } from './sqlite-drivers.ts';
import { temporaryFolder } from './sqlite-files.ts';
import { granted, held, keyOf, sessionOf, signal, storeOf } from './sqlite-store.ts';

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

for (const place of await driverPlaces()) {
  const driver = await driverAt(place);
  describe(`sqlite by ${nameOfDriver(place)}`, () => {
    it('keeps its tables under any prefix, also one with quotes in it', async () => {
      const file = join(await temporaryFolder(), 'tenure.db');
      const tablePrefix = `we"ird'; DROP--`;
      const first = storeOf({ file, driver, tablePrefix });
      const other = storeOf({ file, driver, tablePrefix: 'other ' });
      const session = await sessionOf(first);
      const { claimId } = await granted(session, keyOf('job'));
      await granted(await sessionOf(other), keyOf('job'));
      await held(await sessionOf(storeOf({ file, driver, tablePrefix })), keyOf('job'));
      await session.release(keyOf('job'), claimId, signal);
      await granted(await sessionOf(first), keyOf('job'));
      const connection = new driver(file, { timeout: 0 });
      connection.exec(createTablesSql({ tablePrefix }));
      connection.exec(dropTablesSql({ tablePrefix }));
      const tables = connection
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        .all([]);
      connection.close();
      expect(tables).toEqual([{ name: 'other locks' }, { name: 'other sessions' }]);
    });

    it('takes Job and job for two keys, and job with a space behind it for a third', async () => {
      const file = join(await temporaryFolder(), 'tenure.db');
      const session = await sessionOf(storeOf({ file, driver }));
      for (const name of ['Job', 'job', 'job ', ' job']) await granted(session, keyOf(name));
    });

    it('refuses a key with half a surrogate pair, which would be stored as another', async () => {
      const file = join(await temporaryFolder(), 'tenure.db');
      const session = await sessionOf(storeOf({ file, driver }));
      await expect(granted(session, keyOf('a\uD800'))).rejects.toThrow(InvalidArgumentError);
    });

    it('says what is wrong with a file that cannot be used', async () => {
      const folder = await temporaryFolder();
      const open = (file: string): Promise<unknown> => failure(sessionOf(storeOf({ file, driver })));
      const missing = await open(join(folder, 'nowhere', 'tenure.db'));
      expect(missing).toBeInstanceOf(InvalidArgumentError);
      expect(String(missing)).toContain(join(folder, 'nowhere'));
      await mkdir(join(folder, 'folder.db'));
      expect(await open(join(folder, 'folder.db'))).toBeInstanceOf(InvalidArgumentError);
      await writeFile(join(folder, 'text.db'), 'this is a text, and rather a long one. '.repeat(100));
      const text = await open(join(folder, 'text.db'));
      expect(text).toBeInstanceOf(InvalidArgumentError);
      expect(String(text)).toContain('text.db');
    });

    it('is denied a folder and a file that it may not write', async () => {
      const folder = await temporaryFolder();
      const file = join(folder, 'tenure.db');
      // Not made by a driver, which might have it open for a while yet.
      await writeFile(file, '');
      await chmod(file, 0o444);
      await chmod(folder, 0o555);
      await asNobody(async () => {
        expect(await failure(sessionOf(storeOf({ file, driver })))).toBeInstanceOf(AccessDeniedError);
        const other = storeOf({ file: join(folder, 'other.db'), driver });
        expect(await failure(sessionOf(other))).toBeInstanceOf(AccessDeniedError);
      });
      await chmod(folder, 0o700);
    });

    it('says that nothing was applied while another process writes, and goes on after', async () => {
      const file = join(await temporaryFolder(), 'tenure.db');
      const store = storeOf({ file, driver, busyTimeoutMs: 0 });
      const session = await sessionOf(store);
      const writer = new driver(file, { timeout: 0 });
      writer.exec('BEGIN IMMEDIATE');
      expect(await failure(session.renew(signal))).toBeInstanceOf(NotAppliedError);
      expect(await failure(granted(session, keyOf('job')))).toBeInstanceOf(NotAppliedError);
      expect(await store.holder(keyOf('job'), signal)).toBeUndefined();
      writer.exec('ROLLBACK');
      writer.close();
      await session.renew(signal);
      await granted(session, keyOf('job'));
    });

    it('is told to migrate when there are no tables and it may not make them', async () => {
      const file = join(await temporaryFolder(), 'tenure.db');
      const store = storeOf({ file, driver, migrate: false });
      const error = await failure(sessionOf(store));
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect(String(error)).toContain('migrate()');
      await migrate({ file, driver });
      await migrate({ file, driver });
      await granted(await sessionOf(store), keyOf('job'));
    });

    it('ends a session whose file was deleted, and makes the file anew', async () => {
      const folder = await temporaryFolder();
      const store = storeOf({ file: join(folder, 'tenure.db'), driver });
      const session = await sessionOf(store);
      await granted(session, keyOf('job'));
      await Promise.all((await readdir(folder)).map((name) => rm(join(folder, name))));
      // Who asks first finds no tables, and who asks next makes them.
      const first = await failure(session.renew(signal));
      expect(first instanceof InvalidArgumentError || first instanceof SessionGoneError).toBe(true);
      expect(await failure(session.renew(signal))).toBeInstanceOf(SessionGoneError);
      await granted(await sessionOf(store), keyOf('job'));
    });

    it('works on a database that was passed in, and neither closes it nor joins its transactions', async () => {
      const database = new driver(join(await temporaryFolder(), 'mine.db'), { timeout: 0 });
      const store = sqlite({ database });
      const session = await sessionOf(store);
      const { token } = await granted(session, keyOf('job'));
      database.exec('BEGIN');
      expect(await failure(session.renew(signal))).toBeInstanceOf(NotAppliedError);
      database.exec('ROLLBACK');
      await session.renew(signal);
      expect((await store.holder(keyOf('job'), signal))?.token).toBe(token);
      await store.close();
      expect(database.open).toBe(true);
      const [row] = database.prepare('SELECT count(*) AS count FROM tenure_sessions').all([]);
      expect(row).toEqual({ count: 1 });
      database.close();
      const late = sqlite({ database });
      expect(await failure(sessionOf(late))).toBeInstanceOf(StoreUnavailableError);
      await late.close();
    });

    it('lets timers run while somebody asks and asks', async () => {
      const store = storeOf({ file: join(await temporaryFolder(), 'tenure.db'), driver });
      const timer = new AbortController();
      setTimeout(() => timer.abort(), 1);
      for (let i = 0; i < 100_000 && !timer.signal.aborted; i += 1) await store.holder(keyOf('job'), signal);
      expect(timer.signal.aborted).toBe(true);
    });

    it('says that the disk is full, and goes on when there is room again', async () => {
      const database = new driver(join(await temporaryFolder(), 'small.db'), { timeout: 0 });
      const store = storeOf({ database });
      const session = await sessionOf(store);
      const { claimId } = await granted(session, keyOf('job'));
      const [row] = database.prepare('PRAGMA page_count').all([]) as { page_count: number }[];
      database.exec(`PRAGMA max_page_count = ${row!.page_count}`);
      const grant = { outcome: 'granted', key: keyOf('job'), claimId, announced: true } as const;
      const token = (await store.holder(keyOf('job'), signal))?.token ?? 0n;
      const save = (): Promise<void> =>
        session.save({ ...grant, token, checkpoint: undefined }, 'x'.repeat(100_000), 1, signal);
      const error = await failure(save());
      expect(error).toBeInstanceOf(StoreUnavailableError);
      expect(String(error)).toContain('full');
      // What takes no room still works.
      await session.renew(signal);
      database.exec('PRAGMA max_page_count = 100000');
      await save();
      await session.release(keyOf('job'), claimId, signal);
      expect((await granted(session, keyOf('job'))).checkpoint).toHaveLength(100_000);
    });

    it('leaves no transaction open and no file behind, once the garbage collector has seen what libsql keeps', async () => {
      const folder = await temporaryFolder();
      const file = join(folder, 'tenure.db');
      const store = sqlite({ file, driver });
      const session = await sessionOf(store);
      await granted(session, keyOf('job'));
      await session.renew(signal);
      await store.list(keyOf(''), signal);
      await session.close(signal);
      await store.close();
      expect(await failure(store.holder(keyOf('job'), signal))).toBeInstanceOf(ClosedError);
      setFlagsFromString('--expose-gc');
      const collect = runInNewContext('gc') as () => void;
      for (let round = 0; round < 50 && (await openIn(folder)).length > 0; round += 1) {
        collect();
        await new Promise(setImmediate);
      }
      expect(await openIn(folder)).toEqual([]);
      // The last one to close a file in WAL clears up beside it.
      expect((await readdir(folder)).toSorted()).toEqual(['tenure.db']);
    });
  });
}

/** Permissions mean nothing to root. */
async function asNobody(work: () => Promise<void>): Promise<void> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

/** Of this process. */
async function openIn(folder: string): Promise<string[]> {
  if (!existsSync('/proc/self/fd')) return [];
  const links = (await readdir('/proc/self/fd')).map((name) =>
    readlink(join('/proc/self/fd', name)).catch(() => ''),
  );
  return (await Promise.all(links)).filter((path) => path.startsWith(folder));
}
