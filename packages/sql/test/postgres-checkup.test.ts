import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AccessDeniedError, ClosedError, StoreUnavailableError } from '@tenure/core/store';
import type { Checkup, Finding } from '@tenure/core/store';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startPgBouncer } from '../../../test/servers/pgbouncer.ts';
import { startPostgres } from '../../../test/servers/postgres.ts';
import type { PostgresServer } from '../../../test/servers/postgres.ts';
import { migrate, postgres } from '../src/postgres.ts';
import type { PostgresOptions } from '../src/postgres.ts';
import { failure, never, nonce } from './postgres-candidate.ts';
import { Operator, urlWith } from './postgres-operator.ts';

const available = await serverOrSkip('postgres', { own: true });
const poolerAvailable = available && (await serverOrSkip('pgbouncer', { own: true }));

const textsOf = ({ findings }: Checkup, level: Finding['level']): string[] =>
  findings.filter((finding) => finding.level === level).map(({ text }) => text);

const checkupOf = (options: PostgresOptions): Promise<Checkup> => {
  const store = postgres(options);
  onTestFinished(() => store.close());
  return store.checkup!(never);
};

describe.skipIf(!available)('the checkup of PostgreSQL', () => {
  let server: PostgresServer;
  let operator: Operator;
  let url: string;

  beforeAll(async () => {
    server = await startPostgres({ own: true, settings: { fsync: 'on' } });
    url = server.urls[0]!;
    operator = new Operator(url);
    await migrate({ url });
  });

  afterEach(() => vi.restoreAllMocks());

  afterAll(async () => {
    await operator.close();
    await server.stop();
  });

  const asking = (role: string, more: Readonly<Record<string, string>> = {}): string => {
    const other = new URL(urlWith(url, more));
    other.username = role;
    return other.href;
  };

  test('names version and time, by URL and by pool, and finds nothing wrong', async () => {
    const [row] = await operator.ask<{ version: string }>(
      "SELECT current_setting('server_version') AS version",
    );
    const pool = new pg.Pool({ connectionString: url });
    for (const options of [{ url }, { pool }]) {
      const before = Date.now();
      const checkup = await checkupOf(options);
      expect(checkup.product).toBe(`PostgreSQL ${row!.version.split(' ')[0]}`);
      expect(checkup.serverTimeMs).toBeGreaterThan(before - 1000);
      expect(checkup.serverTimeMs).toBeLessThan(Date.now() + 1000);
      expect(checkup.findings.filter(({ level }) => level !== 'good')).toEqual([]);
      const good = textsOf(checkup, 'good').join('\n');
      for (const words of ['Both tables', 'woken by NOTIFY', 'No standby', 'uses up to 5'])
        expect(good).toContain(words);
    }
    await pool.end();
  });

  test('says how to make the tables, and makes none', async () => {
    const database = `empty_${nonce()}`;
    await operator.ask(`CREATE DATABASE ${database}`);
    const empty = urlWith(url, { database });
    expect(textsOf(await checkupOf({ url: empty }), 'bad')).toEqual([
      expect.stringMatching(
        /"public"\."tenure_sessions" and "public"\."tenure_locks" are not there.*tenure migrate --store/u,
      ),
    ]);
    const auto = await checkupOf({ url: empty, migrate: 'auto' });
    expect(textsOf(auto, 'bad')).toEqual([]);
    expect(textsOf(auto, 'good')).toContainEqual(expect.stringContaining('when it is first used'));
  });

  test('says which right a role lacks, and how to grant it', async () => {
    const role = `clerk_${nonce()}`;
    await operator.ask(`CREATE ROLE ${role} LOGIN`);
    await operator.ask(`GRANT SELECT, INSERT, UPDATE ON tenure_sessions, tenure_locks TO ${role}`);
    await operator.ask(`GRANT DELETE ON tenure_locks TO ${role}`);
    const checkup = await checkupOf({ url: asking(role) });
    expect(textsOf(checkup, 'bad')).toEqual([
      `"${role}" lacks DELETE on "public"."tenure_sessions": GRANT DELETE ON "public"."tenure_sessions" TO "${role}"`,
    ]);
    const [, grant] = textsOf(checkup, 'bad')[0]!.split(': ');
    await operator.ask(grant!);
    expect(textsOf(await checkupOf({ url: asking(role) }), 'bad')).toEqual([]);
  });

  test('says when a role may not even enter the schema', async () => {
    const schema = `closed_${nonce()}`;
    const role = `stranger_${nonce()}`;
    await migrate({ url, schema });
    await operator.ask(`CREATE ROLE ${role} LOGIN`);
    await operator.ask(`GRANT ALL ON ALL TABLES IN SCHEMA ${schema} TO ${role}`);
    const bad = textsOf(await checkupOf({ url: asking(role), schema }), 'bad');
    expect(bad[0]).toBe(`"${role}" may not use the schema: GRANT USAGE ON SCHEMA "${schema}" TO "${role}"`);
  });

  test('warns when connections run out', async () => {
    const [row] = await operator.ask<{ most: string }>("SELECT current_setting('max_connections') AS most");
    const checkup = await checkupOf({ url, maxConnections: Number(row!.most) });
    expect(textsOf(checkup, 'warning')).toEqual([expect.stringContaining('Raise max_connections')]);
  });

  test('says that waiters are not woken where the options say so, or nothing can be heard', async () => {
    expect(textsOf(await checkupOf({ url, listen: false }), 'good')).toContainEqual(
      expect.stringContaining('listen is false'),
    );
    const dead = { url: 'postgres://postgres@127.0.0.1:1/postgres' };
    expect(textsOf(await checkupOf({ url, listen: dead }), 'warning')).toEqual([
      expect.stringContaining('Nothing can be heard'),
    ]);
  });

  test.skipIf(!poolerAvailable)('finds a pooler that delivers nothing', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const bouncer = await startPgBouncer(server, { poolMode: 'transaction' });
    onTestFinished(() => bouncer.stop());
    const through = { url: bouncer.urls[0]! };
    expect(textsOf(await checkupOf(through), 'warning')).toEqual([
      expect.stringContaining('listen: { url }'),
    ]);
    expect(warn).toHaveBeenCalled();
    expect(textsOf(await checkupOf({ ...through, listen: { url } }), 'warning')).toEqual([]);
  });

  test('refuses a role that nobody knows as every verb does, and shows no password', async () => {
    const other = new URL(asking(`nobody_${nonce()}`));
    other.password = 'hunter2';
    const error = await failure(checkupOf({ url: other.href }));
    expect(error).toBeInstanceOf(AccessDeniedError);
    expect(String(error)).not.toContain('hunter2');
  });

  test('ends at once when its signal aborts, and with the store', async () => {
    const store = postgres({ url });
    await using locker = await operator.session();
    await locker.query('BEGIN');
    await locker.query('LOCK TABLE pg_class IN ACCESS EXCLUSIVE MODE');
    const leave = new AbortController();
    const asked = store.checkup!(leave.signal);
    const reason = new Error('enough');
    leave.abort(reason);
    expect(await failure(asked)).toBe(reason);
    await locker.query('ROLLBACK');
    await store.close();
    expect(await failure(store.checkup!(never))).toBeInstanceOf(ClosedError);
    expect(await failure(checkupOf({ url: 'postgres://postgres@127.0.0.1:1/postgres' }))).toBeInstanceOf(
      StoreUnavailableError,
    );
  });
});

describe.skipIf(!available)('the checkup of a PostgreSQL that is not as it should be', () => {
  test('says that a standby cannot be written', async () => {
    const server = await startPostgres({ own: true, settings: { fsync: 'on' } });
    const operator = new Operator(server.urls[0]!);
    onTestFinished(async () => {
      await operator.close();
      await server.stop();
    });
    await migrate({ url: operator.url });
    const [row] = await operator.ask<{ folder: string }>(
      "SELECT current_setting('data_directory') AS folder",
    );
    await writeFile(join(row!.folder, 'standby.signal'), '');
    await server.members[0]!.restart();
    await expect
      .poll(() => operator.ask('SELECT pg_is_in_recovery() AS standby').catch(() => []), { timeout: 30_000 })
      .toEqual([{ standby: true }]);
    const checkup = await checkupOf({ url: operator.url });
    expect(textsOf(checkup, 'bad')).toEqual([
      expect.stringContaining('is a standby, which cannot be written'),
    ]);
    expect(textsOf(checkup, 'warning')).toEqual([]);
  });

  test('says what fsync and synchronous_commit mean', async () => {
    const settings = { fsync: 'off', synchronous_standby_names: 'other', synchronous_commit: 'local' };
    const server = await startPostgres({ own: true, settings });
    onTestFinished(() => server.stop());
    const checkup = await checkupOf({ url: server.urls[0]! });
    expect(textsOf(checkup, 'warning')).toEqual([
      expect.stringContaining('synchronous_commit is local'),
      expect.stringContaining('fsync is off'),
    ]);
  });
});
