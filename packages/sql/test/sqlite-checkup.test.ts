import { chmod, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ClosedError, InvalidArgumentError } from '@tenure/core/store';
import type { Checkup, Finding } from '@tenure/core/store';
import { describe, expect, test } from 'vitest';
import { ofFileSystem } from '../src/sqlite/place.ts';
import { migrate, sqlite } from '../src/sqlite.ts';
import type { SqliteOptions } from '../src/sqlite.ts';
import { driverAt, driverPlaces, nameOfDriver } from './sqlite-drivers.ts';
import { temporaryFolder } from './sqlite-files.ts';
import { signal, storeOf } from './sqlite-store.ts';

const textsOf = ({ findings }: Checkup, level: Finding['level']): string[] =>
  findings.filter((finding) => finding.level === level).map(({ text }) => text);

const checkupOf = (options: SqliteOptions): Promise<Checkup> => storeOf(options).checkup!(signal);

const isRoot = process.getuid?.() === 0;
if (isRoot)
  process.stderr.write('the test of a folder that cannot be written is skipped: root may write everything\n');

describe.each(await driverPlaces())('the checkup of SQLite by %s', (place) => {
  const driverName = nameOfDriver(place);

  test(`names version and time, and finds nothing wrong (${driverName})`, async () => {
    const driver = await driverAt(place);
    const file = join(await temporaryFolder(), 'tenure.db');
    await migrate({ file, driver });
    const before = Date.now();
    const checkup = await checkupOf({ file, driver });
    expect(checkup.product).toMatch(/^SQLite 3\.\d+\.\d+$/u);
    expect(checkup.serverTimeMs).toBeGreaterThanOrEqual(before - 1);
    expect(checkup.serverTimeMs).toBeLessThanOrEqual(Date.now() + 1);
    expect(checkup.findings.filter(({ level }) => level !== 'good')).toEqual([]);
    const good = textsOf(checkup, 'good').join('\n');
    for (const words of [`${file} and its folder can be written`, 'WAL mode', 'Both tables'])
      expect(good).toContain(words);
  });

  test(`makes neither the file nor the tables, and does not touch the journal (${driverName})`, async () => {
    const Driver = await driverAt(place);
    const file = join(await temporaryFolder(), 'tenure.db');
    const none = await checkupOf({ file, driver: Driver });
    expect(none.product).toMatch(/^SQLite 3\./u);
    expect(textsOf(none, 'good')).toEqual([expect.stringContaining('is not there yet')]);
    await expect(stat(file)).rejects.toMatchObject({ code: 'ENOENT' });
    const own = new Driver(file, { timeout: 0 });
    own.exec('CREATE TABLE mine (id)');
    const auto = await checkupOf({ file, driver: Driver });
    expect(textsOf(auto, 'good').join('\n')).toMatch(
      /delete mode[^]*"tenure_sessions" and "tenure_locks" when it is first used/u,
    );
    const manual = await checkupOf({ file, driver: Driver, migrate: false });
    expect(textsOf(manual, 'bad')).toEqual([expect.stringContaining('tenure migrate --store')]);
    expect(own.prepare('PRAGMA journal_mode').all([])).toEqual([{ journal_mode: 'delete' }]);
    expect(own.prepare('SELECT name FROM sqlite_master').all([])).toEqual([{ name: 'mine' }]);
    own.close();
  });

  test(`says what the settings of a database of the user's mean (${driverName})`, async () => {
    const Driver = await driverAt(place);
    const database = new Driver(join(await temporaryFolder(), 'own.db'), { timeout: 0 });
    database.exec('PRAGMA synchronous = NORMAL');
    const checkup = await checkupOf({ database });
    expect(textsOf(checkup, 'warning')).toEqual([
      expect.stringContaining('delete mode'),
      expect.stringContaining('less than FULL'),
    ]);
    expect(database.open).toBe(true);
    database.close();
  });

  test(`refuses what is no database as every verb does (${driverName})`, async () => {
    const file = join(await temporaryFolder(), 'letter.txt');
    await writeFile(
      file,
      'Dear Sir or Madam, this is not a database, and was never meant to be one.'.repeat(100),
    );
    await expect(checkupOf({ file, driver: await driverAt(place) })).rejects.toBeInstanceOf(
      InvalidArgumentError,
    );
  });
});

describe('the checkup of a place', () => {
  test('says that the folder is missing', async () => {
    const file = join(await temporaryFolder(), 'none', 'tenure.db');
    expect(textsOf(await checkupOf({ file }), 'bad')).toEqual([
      expect.stringMatching(/no folder .*none for/u),
    ]);
  });

  test.skipIf(isRoot)('says that the folder cannot be written', async () => {
    const folder = await temporaryFolder();
    await migrate({ file: join(folder, 'tenure.db') });
    await chmod(folder, 0o500);
    const { findings } = await checkupOf({ file: join(folder, 'tenure.db') });
    await chmod(folder, 0o700);
    expect(findings).toContainEqual({
      level: 'bad',
      text: expect.stringContaining(`may not write ${folder}`),
    });
  });

  test.runIf(process.platform === 'linux')('knows network file systems by their numbers', () => {
    for (const type of [0x6969, 0xff534d42, 0xfe534d42, 0xfe534d42 | 0]) {
      expect(ofFileSystem(type, '/mnt')).toMatchObject([
        { level: 'bad', text: expect.stringContaining('/mnt is on a network') },
      ]);
    }
    expect(ofFileSystem(0xef53, '/var')).toEqual([]);
  });

  test('ends with its signal, and with the store', async () => {
    const store = sqlite({ file: join(await temporaryFolder(), 'tenure.db') });
    const leave = new AbortController();
    const reason = new Error('enough');
    const asked = store.checkup!(leave.signal);
    leave.abort(reason);
    await expect(asked).rejects.toBe(reason);
    await store.close();
    await expect(store.checkup!(signal)).rejects.toBeInstanceOf(ClosedError);
  });
});
