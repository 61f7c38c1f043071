import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { migrate } from '../src/sqlite.ts';
import { driverAt, driverPlaces, nameOfDriver } from './sqlite-drivers.ts';
import { temporaryFolder } from './sqlite-files.ts';
import { Worker } from './sqlite-process.ts';

const tokensIn = (log: string): bigint[] =>
  (existsSync(log) ? readFileSync(log, 'utf8') : '').trim().split('\n').filter(Boolean).map(BigInt);

for (const place of await driverPlaces()) {
  describe(`processes on one SQLite file, by ${nameOfDriver(place)}`, () => {
    it(
      'hold a lock one at a time, with tokens that rise, and each gets its turns',
      { timeout: 120_000 },
      async () => {
        const folder = await temporaryFolder();
        const [file, log] = [join(folder, 'tenure.db'), join(folder, 'log')];
        const workers = Array.from(
          { length: 4 },
          () => new Worker({ what: 'contend', file, place, log, rounds: 25 }),
        );
        await Promise.all(workers.map((worker) => worker.end()));
        const tokens = tokensIn(log);
        expect(tokens).toHaveLength(100);
        expect(tokens).toEqual(tokens.toSorted((a, b) => (a < b ? -1 : 1)));
        expect(new Set(tokens).size).toBe(100);
      },
    );

    it('take over from one that was killed while it held the lock', { timeout: 120_000 }, async () => {
      const folder = await temporaryFolder();
      const [file, log] = [join(folder, 'tenure.db'), join(folder, 'log')];
      const contender = (rounds: number): Worker => new Worker({ what: 'contend', file, place, log, rounds });
      const victims = [contender(10_000), contender(10_000)];
      const survivor = contender(30);
      for (const victim of victims) {
        await victim.said('inside', 3);
        await victim.kill();
      }
      await survivor.end();
      const tokens = tokensIn(log);
      expect(tokens).toEqual(tokens.toSorted((a, b) => (a < b ? -1 : 1)));
      expect(survivor.count('inside')).toBe(30);
    });

    it('make the tables all at once, ten of them, and none fails', { timeout: 120_000 }, async () => {
      const folder = await temporaryFolder();
      const file = join(folder, 'tenure.db');
      const workers = Array.from({ length: 10 }, () => new Worker({ what: 'migrate', file, place }));
      await Promise.all(workers.map((worker) => worker.said('ready')));
      for (const worker of workers) worker.tell('go');
      await Promise.all(workers.map((worker) => worker.end()));
      const connection = new (await driverAt(place))(file, { timeout: 0 });
      const tables = connection
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        .all([]);
      connection.close();
      expect(tables).toEqual([{ name: 'tenure_locks' }, { name: 'tenure_sessions' }]);
    });

    it('are not locked out by one that was killed inside a transaction', async () => {
      const folder = await temporaryFolder();
      const file = join(folder, 'tenure.db');
      await migrate({ file, driver: await driverAt(place) });
      const victim = new Worker({ what: 'begin', file, place });
      await victim.said('begun');
      const connection = new (await driverAt(place))(file, { timeout: 0 });
      const write = (): unknown => connection.exec('UPDATE tenure_sessions SET renewals = 0');
      expect(write).toThrow(/locked/u);
      await victim.kill();
      write();
      connection.close();
    });
  });
}
