import pg from 'pg';
import { InvalidArgumentError, NotAppliedError } from '@tenure/core/store';
import type { Granted, Store, StoreSession } from '@tenure/core/store';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startPostgres } from '../../../test/servers/postgres.ts';
import type { PostgresServer } from '../../../test/servers/postgres.ts';
import { migrate, postgres } from '../src/postgres.ts';
import type { PostgresOptions } from '../src/postgres.ts';
import { eventually, failure, grant, never, nonce, open, record, refuse } from './postgres-candidate.ts';
import { Operator } from './postgres-operator.ts';

const available = await serverOrSkip('postgres', { own: true });

describe.skipIf(!available)('claims and releases of PostgreSQL', () => {
  let server: PostgresServer;
  let operator: Operator;
  let url: string;
  const stores: Store[] = [];
  const pools: pg.Pool[] = [];

  beforeAll(async () => {
    server = await startPostgres({ own: true, maxConnections: 60 });
    url = server.urls[0]!;
    operator = new Operator(url);
    await migrate({ url });
  });

  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
    await Promise.all(pools.splice(0).map((pool) => pool.end()));
  });

  afterAll(async () => {
    await operator.close();
    await server.stop();
  });

  const sessionOf = (options: PostgresOptions = { url }): Promise<StoreSession> => {
    const store = postgres(options);
    stores.push(store);
    return open(store);
  };

  /** A session on a pool of which every statement that writes locks or tells is noted. */
  async function counted(max = 4) {
    const pool = new pg.Pool({ connectionString: url, max });
    pools.push(pool);
    const texts: string[] = [];
    pool.on('connect', (client) => {
      const query = client.query.bind(client) as (...all: unknown[]) => unknown;
      const noted = (given: string | { text: string }, ...rest: unknown[]): unknown => {
        const text = typeof given === 'string' ? given : given.text;
        if (/^(?:INSERT|UPDATE|WITH)|pg_notify/u.test(text)) texts.push(text);
        return query(given, ...rest);
      };
      Object.assign(client, { query: noted });
    });
    const session = await sessionOf({ pool, listen: false });
    texts.length = 0;
    return { session, texts, pool };
  }

  const keysOf = (count: number, namespace = nonce()) =>
    Array.from({ length: count }, (_, i) => ({ namespace, name: `key-${i}` }));

  const heldIn = (namespace: string) =>
    operator.ask<{ name: string; session_id: string }>(
      'SELECT name, session_id FROM tenure_locks WHERE namespace = $1 AND session_id IS NOT NULL ORDER BY name',
      [namespace],
    );

  test('cost one statement each when they are alone, and the release tells its news itself', async () => {
    const { session, texts } = await counted();
    const waiter = await sessionOf();
    const [key] = keysOf(1);
    const first = await grant(session, key!);
    const parked = waiter.park(await refuse(waiter, key!), never);
    await session.release(key!, first.claimId, never);
    await parked;
    const [claim, ...rest] = texts.filter((text) => !text.startsWith('SELECT'));
    expect(claim).toMatch(/^INSERT/u);
    expect(rest.map((text) => text.replaceAll(/^(UPDATE) .* (RETURNING pg_notify).*/gu, '$1 $2'))).toEqual([
      'UPDATE RETURNING pg_notify',
    ]);
  });

  test('go together when they come together: some hundred keys in a few statements', async () => {
    const { session, texts } = await counted();
    const keys = keysOf(300);
    const grants = await Promise.all(keys.map((key) => grant(session, key)));
    expect(texts.filter((text) => text.startsWith('INSERT')).length).toBeLessThanOrEqual(4);
    expect(await heldIn(keys[0]!.namespace)).toHaveLength(300);
    texts.length = 0;
    await Promise.all(grants.map(({ key, claimId }) => session.release(key, claimId, never)));
    expect(texts.filter((text) => /^(?:UPDATE|WITH)/u.test(text)).length).toBeLessThanOrEqual(4);
    expect(await heldIn(keys[0]!.namespace)).toEqual([]);
    const again = await Promise.all(keys.map((key) => grant(session, key)));
    for (const [i, { token }] of again.entries()) expect(token).toBeGreaterThan(grants[i]!.token);
  });

  test('wake every waiter, also when they go together', async () => {
    const [holder, waiter] = [await sessionOf(), await sessionOf()];
    const keys = keysOf(50);
    const grants = await Promise.all(keys.map((key) => grant(holder, key)));
    const parks = await Promise.all(keys.map((key) => refuse(waiter, key)));
    const parked = parks.map((held) => waiter.park(held, never));
    await Promise.all(grants.map(({ key, claimId }) => holder.release(key, claimId, never)));
    await Promise.all(parked);
    await Promise.all(keys.map((key) => grant(waiter, key)));
  });

  test('one that the database refuses does not take the others with it', async () => {
    const session = await sessionOf();
    const keys = keysOf(10);
    const bad = { namespace: keys[0]!.namespace, name: 'no\0text' };
    const claims = [...keys, bad].map((key) => session.claim(key, record(), never));
    expect(await failure(claims.pop()!)).toBeInstanceOf(InvalidArgumentError);
    const outcomes = await Promise.all(claims);
    expect(outcomes.filter(({ outcome }) => outcome === 'granted')).toHaveLength(10);
  });

  test('of a past claim do not touch a newer one, also among others', async () => {
    const session = await sessionOf();
    const keys = keysOf(3);
    const past = await Promise.all(keys.map((key) => grant(session, key)));
    await Promise.all(past.map(({ key, claimId }) => session.release(key, claimId, never)));
    const now = await Promise.all(keys.map((key) => grant(session, key)));
    await Promise.all(past.map(({ key, claimId }) => session.release(key, claimId, never)));
    expect((await heldIn(keys[0]!.namespace)).map(({ name }) => name)).toEqual(keys.map(({ name }) => name));
    await Promise.all(now.map(({ key, claimId }) => session.release(key, claimId, never)));
    expect(await heldIn(keys[0]!.namespace)).toEqual([]);
  });

  test('of several processes in opposite orders never wait for each other in a circle', async () => {
    const sessions = await Promise.all(Array.from({ length: 4 }, () => sessionOf()));
    const keys = keysOf(100);
    for (let round = 0; round < 12; round += 1) {
      const outcomes = await Promise.all(
        sessions.flatMap((session, i) =>
          (i % 2 === 0 ? keys : keys.toReversed()).map(async (key) => {
            const mine = record();
            const outcome = await session.claim(key, mine, never);
            return { session, key, mine, outcome: outcome.outcome };
          }),
        ),
      );
      const granted = outcomes.filter(({ outcome }) => outcome === 'granted');
      expect(new Set(granted.map(({ key }) => key.name)).size).toBe(granted.length);
      expect(granted).toHaveLength(100);
      await Promise.all(outcomes.map(({ session, key, mine }) => session.release(key, mine.claimId, never)));
    }
    const [{ deadlocks } = {}] = await operator.ask<{ deadlocks: string }>(
      'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()',
    );
    expect(deadlocks).toBe('0');
  });

  test('lock their rows in the order of their keys: who waits for the first one has none of the others', async () => {
    const session = await sessionOf({ url, listen: false });
    const namespace = nonce();
    const [alone, ...keys] = ['z', ...Array.from({ length: 60 }, (_, i) => `key-${99 - i}`)].map((name) => ({
      namespace,
      name,
    }));
    const all = [alone!, ...keys];
    const grants = await Promise.all(all.map((key) => grant(session, key)));
    await using locker = await operator.session();
    const blocked = async (verbs: readonly (() => Promise<unknown>)[], starts: string): Promise<void> => {
      await locker.query('BEGIN');
      await locker.query("SELECT FROM tenure_locks WHERE namespace = $1 AND name = 'key-40' FOR UPDATE", [
        namespace,
      ]);
      const done = Promise.all(verbs.map((verb) => verb()));
      await eventually(async () => {
        const waiting = await operator.ask(
          "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1",
          [`${starts}%`],
        );
        expect(waiting).toHaveLength(1);
      });
      const free = "SELECT name FROM tenure_locks WHERE namespace = $1 AND name > 'key-40' FOR UPDATE NOWAIT";
      expect((await locker.query(free, [namespace])).rows).toHaveLength(60);
      await locker.query('ROLLBACK');
      await done;
    };
    await blocked(
      grants.map(
        ({ key, claimId }) =>
          () =>
            session.release(key, claimId, never),
      ),
      'WITH',
    );
    await blocked(
      all.map((key) => () => grant(session, key)),
      'INSERT',
    );
  });

  test('one that is given up among others ends alone, and its release waits until it cannot come after it', async () => {
    const session = await sessionOf({ url, listen: false });
    const namespace = nonce();
    const at = (name: string) => ({ namespace, name });
    for (const name of ['a', 'b'])
      await session.release(at(name), (await grant(session, at(name))).claimId, never);
    // All its connections are there by now.
    await Promise.all(Array.from({ length: 4 }, () => session.renew(never)));
    await using locker = await operator.session();
    await locker.query('BEGIN');
    await locker.query('SELECT FROM tenure_locks WHERE namespace = $1 FOR UPDATE', [namespace]);
    const waiting = async (count: number): Promise<void> => {
      const asked = (await operator.backends()).filter(
        ({ query, state }) => state === 'active' && query.startsWith('INSERT'),
      );
      expect(asked).toHaveLength(count);
    };
    const lone = session.claim(at('a'), record(), never);
    await eventually(() => waiting(1));
    const leave = new AbortController();
    const mine = record();
    const others = ['b', 'c'].map((name) => session.claim(at(name), record(), never));
    const given = failure(session.claim(at('d'), mine, leave.signal));
    await eventually(() => waiting(2));
    leave.abort(new Error('too long'));
    expect((await given).message).toBe('too long');
    let released = false;
    const release = session.release(at('d'), mine.claimId, never).then(() => (released = true));
    // Long enough for a release that waits for nothing.
    for (let i = 0; i < 20; i += 1) await session.renew(never);
    expect(released).toBe(false);
    await locker.query('COMMIT');
    expect((await lone).outcome).toBe('granted');
    for (const { outcome } of await Promise.all(others)) expect(outcome).toBe('granted');
    await release;
    expect((await heldIn(namespace)).map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });

  test('who has lost a race once does not wait for the row while another takes it', async () => {
    const [holder, waiter] = [await sessionOf(), await sessionOf()];
    const [key] = keysOf(1);
    const first = await grant(holder, key!);
    const mine = record();
    for (let i = 0; i < 2; i += 1) expect((await waiter.claim(key!, mine, never)).outcome).toBe('held');
    await holder.release(key!, first.claimId, never);
    await using taking = await operator.session();
    await taking.query('BEGIN');
    await taking.query('SELECT FROM tenure_locks WHERE namespace = $1 FOR UPDATE', [key!.namespace]);
    const outcome = await waiter.claim(key!, mine, never);
    expect(outcome).toMatchObject({ outcome: 'held', holder: undefined, retryInMs: 50 });
    await taking.query('COMMIT');
    const granted = (await waiter.claim(key!, mine, never)) as Granted;
    expect([granted.outcome, granted.token > first.token]).toEqual(['granted', true]);
    expect(await waiter.claim(key!, mine, never)).toEqual(granted);
  });

  test('are kept prepared by a connection of their own, and sent in full once one has forgotten them', async () => {
    const { session, pool } = await counted(1);
    const [one, two, three] = keysOf(3);
    await grant(session, one!);
    const kept = (await pool.query('SELECT name, statement FROM pg_prepared_statements')).rows;
    expect(kept.map(({ name, statement }) => [name.slice(0, 7), statement.slice(0, 6)])).toContainEqual([
      'tenure_',
      'INSERT',
    ]);
    await pool.query('DEALLOCATE ALL');
    expect(await failure(session.claim(two!, record(), never))).toBeInstanceOf(NotAppliedError);
    await grant(session, two!);
    await grant(session, three!);
    expect((await pool.query('SELECT name FROM pg_prepared_statements')).rows).toEqual([]);
  });

  test('are told in another way where the role may not tell within them', async () => {
    const role = `mute_${nonce()}`;
    await operator.ask(`CREATE ROLE ${role} LOGIN`);
    await operator.ask(`GRANT SELECT, INSERT, UPDATE, DELETE ON tenure_sessions, tenure_locks TO ${role}`);
    await operator.ask('REVOKE EXECUTE ON FUNCTION pg_notify(text, text) FROM PUBLIC');
    const theirs = new URL(url);
    theirs.username = role;
    try {
      const session = await sessionOf({ url: theirs.href, listen: false });
      const keys = keysOf(5);
      const grants = await Promise.all(keys.map((key) => grant(session, key)));
      await Promise.all(grants.map(({ key, claimId }) => session.release(key, claimId, never)));
      expect(await heldIn(keys[0]!.namespace)).toEqual([]);
    } finally {
      await operator.ask('GRANT EXECUTE ON FUNCTION pg_notify(text, text) TO PUBLIC');
    }
  });
});
