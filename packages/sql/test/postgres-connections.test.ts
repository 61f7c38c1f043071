import { setMaxListeners } from 'node:events';
import pg from 'pg';
import { createTenure } from '@tenure/core';
import type { Store } from '@tenure/core/store';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startPostgres } from '../../../test/servers/postgres.ts';
import type { PostgresServer } from '../../../test/servers/postgres.ts';
import { migrate, postgres } from '../src/postgres.ts';
import type { PostgresOptions } from '../src/postgres.ts';
import { eventually, failure, grant, never, nonce, open, record } from './postgres-candidate.ts';
import { Operator } from './postgres-operator.ts';

const available = await serverOrSkip('postgres', { own: true });

describe.skipIf(!available)('connections to PostgreSQL', () => {
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

  test("a verb that gets no connection of the user's exhausted pool ends with its signal, and gives back what comes later", async () => {
    const pool = new pg.Pool({ connectionString: url, max: 3, application_name: 'theirs' });
    const session = await open(storeOf({ pool }));
    const taken = await Promise.all([pool.connect(), pool.connect(), pool.connect()]);
    const leave = new AbortController();
    setMaxListeners(0, leave.signal);
    const verbs = Array.from({ length: 10 }, () => failure(session.renew(leave.signal)));
    const reason = new Error('waited long enough');
    leave.abort(reason);
    expect(await Promise.all(verbs)).toEqual(verbs.map(() => reason));
    expect(pool.waitingCount).toBeLessThanOrEqual(4);
    for (const client of taken) client.release();
    await session.renew(never);
    await eventually(() => expect([pool.idleCount, pool.waitingCount]).toEqual([pool.totalCount, 0]));
    await Promise.all(stores.splice(0).map((store) => store.close()));
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await pool.end();
  });

  test("a user's pool of one connection serves everything, one after the other", async () => {
    const pool = new pg.Pool({ connectionString: url, max: 1 });
    const session = await open(storeOf({ pool }));
    const namespace = nonce();
    const claims = Array.from({ length: 20 }, (_, i) => grant(session, { namespace, name: `key-${i}` }));
    await Promise.all([...claims, session.renew(never)]);
    await Promise.all(stores.splice(0).map((store) => store.close()));
    await pool.end();
  });

  test('a holder whose pool is exhausted is in jeopardy, and safe again once it is not', async () => {
    const pool = new pg.Pool({ connectionString: url, max: 2 });
    const tenure = createTenure({ store: storeOf({ pool }), ttlMs: 3000 });
    const term = await tenure.lock('exhausted').acquire();
    const jeopardy = new Promise<void>((resolve) => tenure.session.once('jeopardy', () => resolve()));
    const taken = await Promise.all([pool.connect(), pool.connect()]);
    await jeopardy;
    const secure = new Promise<void>((resolve) => tenure.session.once('secure', () => resolve()));
    for (const client of taken) client.release();
    await secure;
    expect(term.isCurrent()).toBe(true);
    await tenure.close();
    await pool.end();
  });

  test('renewals go ahead of a thousand claims', async () => {
    const session = await open(storeOf({ url, maxConnections: 2 }));
    const namespace = nonce();
    let claimed = 0;
    const claims = Array.from({ length: 1000 }, async (_, i) => {
      await session.claim({ namespace, name: `key-${i}` }, record(), never);
      claimed += 1;
    });
    await session.renew(never);
    expect(claimed).toBeLessThan(100);
    await Promise.all(claims);
  });

  test('a renewal is one statement, and one more a TTL, whatever is held; connections are few', async () => {
    const pool = new pg.Pool({ connectionString: url, max: 20, application_name: 'counted' });
    const texts: string[] = [];
    pool.on('connect', (client) => {
      const query = client.query.bind(client) as (given: { text: string }) => Promise<unknown>;
      Object.assign(client, {
        query: (given: { text: string }) => {
          texts.push(given.text);
          return query(given);
        },
      });
    });
    const session = await open(storeOf({ pool, listen: false }));
    const namespace = nonce();
    await Promise.all(Array.from({ length: 500 }, (_, i) => grant(session, { namespace, name: `key-${i}` })));
    // Grants are told to observers, many at a time, which nobody waits for.
    const told = (): string[] => texts.filter((text) => text.includes('pg_notify'));
    await eventually(() => expect(told().length).toBeGreaterThan(1));
    expect(told().length).toBeLessThan(50);
    texts.length = 0;
    for (let i = 0; i < 6; i += 1) await session.renew(never);
    expect(texts.filter((text) => text.startsWith('UPDATE'))).toHaveLength(6);
    // What was begun when the session was opened may still be purging.
    const looks = texts.filter((text) => text.startsWith('SELECT') && text.endsWith('WHERE session_id = $1'));
    expect(looks).toHaveLength(2);
    expect((await operator.backends('counted')).length).toBeLessThanOrEqual(4);
    await Promise.all(stores.splice(0).map((store) => store.close()));
    await pool.end();
  });
});
