import { setMaxListeners } from 'node:events';
import pg from 'pg';
import { startProxy } from '@tenure/conformance/network';
import { createTenure } from '@tenure/core';
import { NotAppliedError, StoreUnavailableError } from '@tenure/core/store';
import type { Store } from '@tenure/core/store';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startPostgres } from '../../../test/servers/postgres.ts';
import type { PostgresServer } from '../../../test/servers/postgres.ts';
import { migrate, postgres } from '../src/postgres.ts';
import type { PostgresOptions } from '../src/postgres.ts';
import { eventually, failure, grant, never, nonce, open, record, refuse } from './postgres-candidate.ts';
import { Operator } from './postgres-operator.ts';

const available = await serverOrSkip('postgres', { own: true });

describe.skipIf(!available)('PostgreSQL in trouble', () => {
  let server: PostgresServer;
  let operator: Operator;
  let url: string;
  const stores: Store[] = [];

  beforeAll(async () => {
    server = await startPostgres({ own: true, maxConnections: 60 });
    url = server.urls[0]!;
    operator = new Operator(url);
    await migrate({ url });
  });

  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
    await eventually(async () => expect(await operator.backends()).toEqual([]));
  });

  afterAll(async () => {
    await operator.close();
    await server.stop();
  });

  const storeOf = (options: PostgresOptions): Store => {
    const store = postgres(options);
    stores.push(store);
    return store;
  };

  const listeners = async (): Promise<number> =>
    (await operator.backends()).filter(({ query }) => query.startsWith('LISTEN')).length;

  test('all connections are killed while it leads and another waits: both recover, and the release still wakes', async () => {
    const leader = createTenure({ store: storeOf({ url }), ttlMs: 6000 });
    const follower = createTenure({ store: storeOf({ url }), ttlMs: 6000 });
    const term = await leader.lock('killed').acquire();
    const waiting = follower.lock('killed').acquire();
    await eventually(async () => expect(await listeners()).toBe(2));
    expect(await operator.terminate()).toBeGreaterThan(3);
    await eventually(async () => expect(await listeners()).toBe(2));
    expect(term.isCurrent()).toBe(true);
    expect(await term.ensure(4000).then(() => term.isCurrent())).toBe(true);
    await term.release();
    expect((await waiting).token).toBeGreaterThan(term.token);
    await Promise.all([leader.close(), follower.close()]);
  });

  test('who waits hears of a release that was told while nobody could listen', async () => {
    const proxy = await startProxy({ host: '127.0.0.1', port: Number(new URL(url).port) });
    const ear = new URL(url);
    ear.port = String(proxy.port);
    const waiter = await open(storeOf({ url, listen: { url: ear.href } }));
    const holder = await open(storeOf({ url }));
    const key = { namespace: nonce(), name: 'missed' };
    const granted = await grant(holder, key);
    const held = await refuse(waiter, key);
    const parked = waiter.park(held, never);
    await proxy.refuse();
    await holder.release(key, granted.claimId, never);
    await proxy.pass();
    await parked;
    await grant(waiter, key);
    await proxy.close();
  });

  test('a statement that waits for a locked table ends with its signal, in the server too, and its connection is not used again', async () => {
    const session = await open(storeOf({ url, listen: false }));
    await using locker = await operator.session();
    await locker.query('BEGIN');
    await locker.query('LOCK TABLE tenure_locks');
    for (let round = 0; round < 5; round += 1) {
      const leave = new AbortController();
      const hung = failure(session.claim({ namespace: nonce(), name: 'hung' }, record(), leave.signal));
      const waiting = async (): Promise<number> =>
        (await operator.backends()).filter(
          ({ query, state }) => state === 'active' && query.startsWith('INSERT'),
        ).length;
      await eventually(async () => expect(await waiting()).toBe(1));
      // The session's own table is free: renewals go on meanwhile.
      await session.renew(never);
      leave.abort(new Error('too long'));
      expect((await hung).message).toBe('too long');
      await eventually(async () => expect(await waiting()).toBe(0));
    }
    expect((await operator.backends()).length).toBeLessThanOrEqual(4);
    await locker.query('COMMIT');
    await grant(session, { namespace: nonce(), name: 'after' });
  });

  test('one answer that does not come costs one verb: the other idle connections are not tried', async () => {
    const proxy = await startProxy({ host: '127.0.0.1', port: Number(new URL(url).port) });
    const through = new URL(url);
    through.port = String(proxy.port);
    const session = await open(storeOf({ url: through.href, listen: false }));
    await Promise.all(Array.from({ length: 3 }, () => session.renew(never)));
    expect(proxy.open).toBe(3);
    proxy.blackHole();
    const leave = new AbortController();
    const unanswered = failure(session.renew(leave.signal));
    // It is sent by then.
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    leave.abort(new Error('no answer'));
    await unanswered;
    await proxy.pass();
    await session.renew(never);
    // Three, one to cancel, and a new one.
    expect(proxy.connections).toBeGreaterThanOrEqual(5);
    await eventually(() => expect(proxy.open).toBeLessThan(3));
    await proxy.close();
  });

  test('a server that is stopped in the middle of a statement answers nobody late', async () => {
    const store = storeOf({ url });
    const session = await open(store);
    const key = { namespace: nonce(), name: 'stopped' };
    await grant(session, key);
    server.members[0]!.suspend();
    const leave = new AbortController();
    setMaxListeners(0, leave.signal);
    const asked = Array.from({ length: 20 }, () => failure(session.renew(leave.signal)));
    await new Promise((resolve) => setTimeout(resolve, 50));
    leave.abort(new Error('no answer'));
    await Promise.all(asked);
    server.members[0]!.resume();
    await session.renew(never);
    expect((await store.holder(key, never))?.key).toBe('stopped');
  });

  test('deadlock victims, lock time-outs and cancelled statements were certainly not applied', async () => {
    const role = `hasty_${nonce()}`;
    await operator.ask(`CREATE ROLE ${role} LOGIN`);
    await operator.ask(`GRANT SELECT, INSERT, UPDATE, DELETE ON tenure_sessions, tenure_locks TO ${role}`);
    const theirs = new URL(url);
    theirs.username = role;
    await using locker = await operator.session();
    for (const setting of ['lock_timeout', 'statement_timeout']) {
      await operator.ask(`ALTER ROLE ${role} RESET ALL`);
      await operator.ask(`ALTER ROLE ${role} SET ${setting} = '100ms'`);
      const session = await open(storeOf({ url: theirs.href, listen: false }));
      await locker.query('BEGIN');
      await locker.query('LOCK TABLE tenure_sessions');
      expect(await failure(session.renew(never))).toBeInstanceOf(NotAppliedError);
      await locker.query('COMMIT');
      await session.renew(never);
    }
  });

  test('a server that has become read-only is trouble, and the connection is not used again', async () => {
    const session = await open(storeOf({ url, listen: false }));
    const before = await operator.backends();
    await operator.ask('ALTER SYSTEM SET default_transaction_read_only = on');
    await operator.ask('SELECT pg_reload_conf()');
    try {
      const error = await eventually(() => failure(session.renew(never)));
      expect(error).toBeInstanceOf(StoreUnavailableError);
      expect(error.message).toContain('read-only transaction (25006)');
    } finally {
      await using fixer = await operator.session();
      await fixer.query('SET default_transaction_read_only = off');
      await fixer.query('ALTER SYSTEM RESET default_transaction_read_only');
      await fixer.query('SELECT pg_reload_conf()');
    }
    await eventually(() => session.renew(never));
    const pids = new Set(before.map(({ pid }) => pid));
    await eventually(async () => {
      expect((await operator.backends()).filter(({ pid }) => pids.has(pid))).toEqual([]);
    });
  });

  test('a server that has no more connections to give is trouble, not a refusal', async () => {
    const hog = new pg.Pool({ connectionString: url, max: 100 });
    hog.on('error', () => {});
    const clients = await Promise.allSettled(Array.from({ length: 70 }, () => hog.connect()));
    const error = await failure(open(storeOf({ url, listen: false })));
    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect(error.message).toMatch(/\(53300\)/u);
    for (const client of clients) if (client.status === 'fulfilled') client.value.release(true);
    await hog.end();
  });
});
