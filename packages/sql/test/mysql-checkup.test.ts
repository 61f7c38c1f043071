import { AccessDeniedError, ClosedError, StoreUnavailableError } from '@tenure/core/store';
import type { Checkup, Finding } from '@tenure/core/store';
import mysql2 from 'mysql2';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { migrate, mysql } from '../src/mysql.ts';
import type { MysqlOptions } from '../src/mysql.ts';
import { flavours, stage, urlWith } from './mysql-operator.ts';
import type { Stage } from './mysql-operator.ts';
import { failure, never, nonce } from './postgres-candidate.ts';

const textsOf = ({ findings }: Checkup, level: Finding['level']): string[] =>
  findings.filter((finding) => finding.level === level).map(({ text }) => text);

const checkupOf = (options: MysqlOptions): Promise<Checkup> => {
  const store = mysql(options);
  onTestFinished(() => store.close());
  return store.checkup!(never);
};

describe.each(flavours)('the checkup of $flavour', ({ flavour, available }) => {
  describe.skipIf(!available)('as it should be', () => {
    let own: Stage;
    beforeAll(async () => {
      own = await stage(flavour, { settings: { 'innodb-flush-log-at-trx-commit': '1' } });
      await migrate({ url: own.url });
    });
    afterAll(async () => {
      await own.operator.close();
      await own.server.stop();
    });

    test('names version and time, by URL and by pool, and finds nothing wrong', async () => {
      const [row] = await own.operator.ask<{ version: string }>('SELECT VERSION() AS version');
      const pool = mysql2.createPool({ uri: own.url });
      for (const options of [{ url: own.url }, { pool }]) {
        const before = Date.now();
        const checkup = await checkupOf(options);
        const name = flavour === 'mariadb' ? 'MariaDB' : 'MySQL';
        expect(checkup.product).toBe(`${name} ${row!.version.split('-')[0]}`);
        expect(checkup.serverTimeMs).toBeGreaterThan(before - 1000);
        expect(checkup.serverTimeMs).toBeLessThan(Date.now() + 1000);
        expect(checkup.findings.filter(({ level }) => level !== 'good')).toEqual([]);
        const good = textsOf(checkup, 'good').join('\n');
        for (const words of ['Both tables', 'on disk before it is answered']) expect(good).toContain(words);
      }
      await pool.promise().end();
    });

    test('says how to make the tables, and makes none', async () => {
      const schema = `empty_${nonce()}`;
      await own.operator.ask(`CREATE DATABASE ${schema}`);
      expect(textsOf(await checkupOf({ url: own.url, schema }), 'bad')).toEqual([
        expect.stringMatching(
          /`\.`tenure_sessions` and .*`tenure_locks` are not there.*tenure migrate --store/u,
        ),
      ]);
      expect(await own.operator.ask(`SHOW TABLES IN ${schema}`)).toEqual([]);
    });

    test('says which right a user lacks, and writes nothing to find out', async () => {
      const name = `clerk_${nonce()}`;
      const url = await own.operator.user(name);
      await own.operator.ask(`GRANT SELECT, INSERT, UPDATE ON tenure.* TO '${name}'@'127.0.0.1'`);
      await own.operator.ask(`GRANT DELETE ON tenure.tenure_locks TO '${name}'@'127.0.0.1'`);
      const checkup = await checkupOf({ url });
      expect(textsOf(checkup, 'bad')).toEqual([
        expect.stringContaining(`${name}@127.0.0.1 lacks DELETE on \`tenure_sessions\``),
      ]);
      expect(
        await own.operator.ask('SELECT id FROM tenure_sessions UNION ALL SELECT name FROM tenure_locks'),
      ).toEqual([]);
    });

    test('says which tables a user may not even see', async () => {
      const name = `blind_${nonce()}`;
      const url = await own.operator.user(name);
      await own.operator.ask(`GRANT SELECT ON tenure.tenure_locks TO '${name}'@'127.0.0.1'`);
      expect(textsOf(await checkupOf({ url }), 'bad')).toEqual([
        expect.stringContaining('lacks SELECT, INSERT, UPDATE, DELETE on `tenure_sessions`'),
        expect.stringContaining('lacks INSERT, UPDATE, DELETE on `tenure_locks`'),
      ]);
    });

    test('fails as any verb does with a user that nobody knows, where nobody answers, and when it is closed', async () => {
      const stranger = urlWith(own.url, { username: `nobody_${nonce()}` });
      expect(await failure(checkupOf({ url: stranger }))).toBeInstanceOf(AccessDeniedError);
      expect(await failure(checkupOf({ url: urlWith(own.url, { port: '1' }) }))).toBeInstanceOf(
        StoreUnavailableError,
      );
      const store = mysql({ url: own.url });
      await store.close();
      expect(await failure(store.checkup!(never))).toBeInstanceOf(ClosedError);
    });

    test('ends at once when its signal aborts', async () => {
      const leave = new AbortController();
      own.server.members[0]!.suspend();
      const store = mysql({ url: own.url });
      const asked = store.checkup!(leave.signal);
      const reason = new Error('enough');
      leave.abort(reason);
      expect(await failure(asked)).toBe(reason);
      own.server.members[0]!.resume();
      await store.close();
    });
  });

  describe.skipIf(!available)('as it should not be', () => {
    test('says that the server takes no writes, and what a crash loses', async () => {
      const { server, operator, url } = await stage(flavour);
      onTestFinished(async () => {
        await operator.close();
        await server.stop();
      });
      await migrate({ url });
      await operator.ask('SET GLOBAL read_only = ON');
      const checkup = await checkupOf({ url });
      expect(textsOf(checkup, 'bad')).toEqual([expect.stringMatching(/^read_only is on, as on a replica/u)]);
      expect(textsOf(checkup, 'warning')).toEqual([
        expect.stringContaining('innodb_flush_log_at_trx_commit is 2'),
      ]);
      await operator.ask('SET GLOBAL read_only = OFF');
      expect(textsOf(await checkupOf({ url }), 'bad')).toEqual([]);
    });
  });
});
