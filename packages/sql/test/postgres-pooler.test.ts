import { createTenure } from '@tenure/core';
import type { Store } from '@tenure/core/store';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startPgBouncer } from '../../../test/servers/pgbouncer.ts';
import type { PgBouncer } from '../../../test/servers/pgbouncer.ts';
import { startPostgres } from '../../../test/servers/postgres.ts';
import type { PostgresServer } from '../../../test/servers/postgres.ts';
import { migrate, postgres } from '../src/postgres.ts';
import type { PostgresOptions } from '../src/postgres.ts';
import { eventually, failure, grant, never, nonce, open, record, refuse } from './postgres-candidate.ts';
import { Operator } from './postgres-operator.ts';

const available =
  (await serverOrSkip('postgres', { own: true })) && (await serverOrSkip('pgbouncer', { own: true }));

describe.skipIf(!available)('PostgreSQL behind PgBouncer in transaction mode', () => {
  let server: PostgresServer;
  let bouncer: PgBouncer;
  let operator: Operator;
  let url: string;
  const stores: Store[] = [];

  beforeAll(async () => {
    server = await startPostgres({ own: true });
    bouncer = await startPgBouncer(server, { poolMode: 'transaction', settings: { default_pool_size: '3' } });
    operator = new Operator(server.urls[0]!);
    url = bouncer.urls[0]!;
  });

  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
  });

  afterAll(async () => {
    await operator.close();
    await bouncer.stop();
    await server.stop();
  });

  const storeOf = (options: PostgresOptions): Store => {
    const store = postgres(options);
    stores.push(store);
    return store;
  };

  test('ten migrations at once through it succeed', async () => {
    await Promise.all(Array.from({ length: 10 }, () => migrate({ url })));
  });

  test.for([
    ['nobody listens', () => ({ url, listen: false })],
    ['one connection listens at the server itself', () => ({ url, listen: { url: operator.url } })],
    ['it is left to find out that nothing can be heard', () => ({ url })],
  ] as const)('twenty contenders take turns, when %s', async ([, options]) => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const key = `turns-${nonce()}`;
    const tenures = Array.from({ length: 20 }, () =>
      createTenure({ store: postgres(options()), ttlMs: 9000 }),
    );
    let inside = 0;
    const tokens: bigint[] = [];
    await Promise.all(
      tenures.map((tenure) =>
        tenure.lock(key).run(async (term) => {
          inside += 1;
          expect(inside).toBe(1);
          tokens.push(term.token);
          await new Promise(setImmediate);
          inside -= 1;
        }),
      ),
    );
    expect(tokens).toEqual(tokens.toSorted((a, b) => (a < b ? -1 : 1)));
    expect(new Set(tokens).size).toBe(20);
    await Promise.all(tenures.map((tenure) => tenure.close()));
    warn.mockRestore();
  });

  test('it says so when nothing can be heard through a pooler', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    await open(storeOf({ url }));
    expect(warn.mock.calls[0]?.[0]).toContain('listen: { url }');
    warn.mockRestore();
  });

  test('a role whose default is serializable works through it', async () => {
    await operator.ask('ALTER ROLE postgres SET default_transaction_isolation = serializable');
    const own = await startPgBouncer(server, { poolMode: 'transaction' });
    try {
      const one = await open(storeOf({ url: own.urls[0]!, listen: false }));
      const other = await open(storeOf({ url: own.urls[0]!, listen: false }));
      const key = { namespace: nonce(), name: 'strict' };
      const { claimId } = await grant(one, key);
      await refuse(other, key);
      await one.renew(never);
      await one.release(key, claimId, never);
      await grant(other, key);
    } finally {
      await operator.ask('ALTER ROLE postgres RESET default_transaction_isolation');
      await Promise.all(stores.splice(0).map((store) => store.close()));
      await own.stop();
    }
  });

  test('a statement that hangs in the server is cancelled through it, and blocks nobody', async () => {
    const session = await open(storeOf({ url, listen: false }));
    await using locker = await operator.session();
    await locker.query('BEGIN');
    await locker.query('LOCK TABLE tenure_locks');
    const waiting = async (): Promise<number> => {
      const rows = await operator.ask(
        "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT%'",
      );
      return rows.length;
    };
    for (let round = 0; round < 5; round += 1) {
      const leave = new AbortController();
      const hung = failure(session.claim({ namespace: nonce(), name: 'hung' }, record(), leave.signal));
      await eventually(async () => expect(await waiting()).toBe(1));
      leave.abort(new Error('too long'));
      await hung;
      await eventually(async () => expect(await waiting()).toBe(0));
    }
    await session.renew(never);
    await locker.query('COMMIT');
  });

  test('when it ends, everybody recovers with the next', async () => {
    const session = await open(storeOf({ url, listen: false }));
    const key = { namespace: nonce(), name: 'kept' };
    await grant(session, key);
    await bouncer.members[0]!.restart();
    await eventually(() => session.renew(never));
    expect((await stores[0]!.holder(key, never))?.key).toBe('kept');
  });
});
