import { setMaxListeners } from 'node:events';
import mysql2 from 'mysql2';
import type { Pool } from 'mysql2';
import { createTenure } from '@tenure/core';
import type { Tenure } from '@tenure/core';
import { InvalidArgumentError, NotAppliedError, StoreUnavailableError } from '@tenure/core/store';
import type { Store } from '@tenure/core/store';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { migrate, mysql } from '../src/mysql.ts';
import type { MysqlOptions } from '../src/mysql.ts';
import { flavours, stage } from './mysql-operator.ts';
import type { Stage } from './mysql-operator.ts';
import { eventually, failure, grant, never, nonce, open, record } from './postgres-candidate.ts';

const USER = 'app';

describe.each(flavours)('$flavour in trouble', ({ flavour, available }) => {
  let place: Stage;
  /** Of a user whose connections are the stores' only. */
  let url: string;
  const stores: Store[] = [];
  const pools: Pool[] = [];

  beforeAll(async () => {
    if (!available) return;
    place = await stage(flavour, { settings: { 'max-connections': '60' } });
    await migrate({ url: place.url });
    url = await place.operator.user(USER);
    await place.operator.ask(`GRANT ALL ON tenure.* TO '${USER}'@'127.0.0.1'`);
  });

  afterEach(async () => {
    if (!available) return;
    await Promise.all(stores.splice(0).map((store) => store.close()));
    await Promise.all(pools.splice(0).map((pool) => pool.promise().end()));
    await eventually(async () => expect(await place.operator.connectionsOf(USER)).toEqual([]));
  });

  afterAll(async () => {
    if (!available) return;
    await place.operator.close();
    await place.server.stop();
  });

  const storeOf = (options: MysqlOptions): Store => {
    const store = mysql(options);
    stores.push(store);
    return store;
  };

  function poolOf(connectionLimit: number): Pool {
    const pool = mysql2.createPool({ uri: url, connectionLimit });
    pools.push(pool);
    return pool;
  }

  function serializable(connectionLimit: number): Pool {
    const pool = poolOf(connectionLimit);
    pool.on('connection', (connection) => {
      connection.query('SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE');
    });
    return pool;
  }

  const happens = (tenure: Tenure, event: 'jeopardy' | 'secure'): Promise<void> =>
    new Promise((resolve) => {
      tenure.session.once(event, () => resolve());
    });

  test.skipIf(!available)(
    'all connections are killed while one leads and another waits: both recover, and the release still wakes',
    async () => {
      const leader = createTenure({ store: storeOf({ url }), ttlMs: 6000 });
      const follower = createTenure({ store: storeOf({ url }), ttlMs: 6000 });
      const term = await leader.lock('killed').acquire();
      const waiting = follower.lock('killed').acquire();
      for (let i = 0; i < 3; i += 1) {
        await eventually(async () => expect(await place.operator.killAllOf(USER)).toBeGreaterThan(0));
      }
      expect(term.isCurrent()).toBe(true);
      await eventually(() => term.ensure(4000));
      await term.release();
      expect((await waiting).token).toBeGreaterThan(term.token);
      await Promise.all([leader.close(), follower.close()]);
    },
  );

  test.skipIf(!available)(
    'the server restarts under a leader and waiters: the term goes on, and then a waiter has it',
    async () => {
      const leader = createTenure({ store: storeOf({ url }), ttlMs: 30_000, timing: { renewMs: 1000 } });
      const followers = Array.from({ length: 3 }, () =>
        createTenure({ store: storeOf({ url }), ttlMs: 30_000 }),
      );
      const term = await leader.lock('restart').acquire();
      const waiting = Promise.race(followers.map((follower) => follower.lock('restart').acquire()));
      const [member] = place.server.members;
      await member!.kill();
      const jeopardy = happens(leader, 'jeopardy');
      await jeopardy;
      const secure = happens(leader, 'secure');
      await member!.restart();
      await secure;
      expect(term.isCurrent()).toBe(true);
      await term.release();
      expect((await waiting).token).toBeGreaterThan(term.token);
      await Promise.all([leader, ...followers].map((tenure) => tenure.close()));
    },
  );

  test.skipIf(!available)(
    'tables that somebody has locked are jeopardy, not a hang; unlocked, all goes on',
    async () => {
      const tenure = createTenure({ store: storeOf({ url }), ttlMs: 4000 });
      const term = await tenure.lock('locked').acquire();
      await using locker = await place.operator.session();
      const jeopardy = happens(tenure, 'jeopardy');
      await locker.query('LOCK TABLES tenure_sessions WRITE, tenure_locks WRITE');
      await jeopardy;
      const secure = happens(tenure, 'secure');
      await locker.query('UNLOCK TABLES');
      await secure;
      expect(term.isCurrent()).toBe(true);
      await tenure.close();
    },
  );

  test.skipIf(!available).for(['connections of its own', "a user's pool"])(
    'on %s, a claim that waits for a row holds up no renewal, ends with its signal, and its connection is not used again',
    async (whose) => {
      const session = await open(storeOf(whose === "a user's pool" ? { pool: serializable(6) } : { url }));
      const key = { namespace: nonce(), name: 'hung' };
      await session.release(key, (await grant(session, key)).claimId, never);
      await using locker = await place.operator.session();
      await locker.beginTransaction();
      await locker.query('SELECT * FROM tenure_locks FOR UPDATE');
      const seen = new Set<number>();
      for (let round = 1; round <= 3; round += 1) {
        const leave = new AbortController();
        const hung = failure(session.claim(key, record(), leave.signal));
        await eventually(async () => {
          const waiting = (await place.operator.connectionsOf(USER)).filter(
            ({ id, info }) => info?.startsWith('UPDATE') && !seen.has(id),
          );
          expect(waiting).toHaveLength(1);
          for (const { id } of waiting) seen.add(id);
        });
        // It would have to wait for the claim, if that had locked its session's row.
        await session.renew(never);
        leave.abort(new Error('too long'));
        expect((await hung).message).toBe('too long');
      }
      await locker.rollback();
      await eventually(async () => {
        const left = (await place.operator.connectionsOf(USER)).filter(({ id }) => seen.has(id));
        expect(left).toEqual([]);
      });
      await session.renew(never);
    },
  );

  test.skipIf(!available)(
    "a verb that gets no connection of the user's exhausted pool ends with its signal, and gives back what comes later",
    async () => {
      const pool = poolOf(3);
      const session = await open(storeOf({ pool }));
      const take = () => Promise.all([1, 2, 3].map(() => pool.promise().getConnection()));
      const taken = await take();
      const leave = new AbortController();
      setMaxListeners(0, leave.signal);
      let queued = 0;
      const inLine = new Promise<void>((resolve) => {
        pool.on('enqueue', () => {
          queued += 1;
          if (queued === 2) resolve();
        });
      });
      const verbs = Array.from({ length: 10 }, () => failure(session.renew(leave.signal)));
      await inLine;
      const reason = new Error('waited long enough');
      leave.abort(reason);
      expect(await Promise.all(verbs)).toEqual(verbs.map(() => reason));
      for (const connection of taken) connection.release();
      await session.renew(never);
      // All of them are to be had again.
      for (const connection of await take()) connection.release();
      await Promise.all(stores.splice(0).map((store) => store.close()));
      expect((await pool.promise().query('SELECT 1 AS one'))[0]).toEqual([{ one: 1 }]);
    },
  );

  test.skipIf(!available)(
    'a holder whose pool is exhausted is in jeopardy, and safe again once it is not',
    async () => {
      const pool = poolOf(2);
      const tenure = createTenure({ store: storeOf({ pool }), ttlMs: 3000 });
      const term = await tenure.lock('exhausted').acquire();
      const jeopardy = happens(tenure, 'jeopardy');
      const taken = await Promise.all([1, 2].map(() => pool.promise().getConnection()));
      await jeopardy;
      const secure = happens(tenure, 'secure');
      for (const connection of taken) connection.release();
      await secure;
      expect(term.isCurrent()).toBe(true);
      await tenure.close();
    },
  );

  test.skipIf(!available)("connections of the user's pool that are killed are replaced", async () => {
    const pool = poolOf(3);
    const session = await open(storeOf({ pool }));
    for (let round = 1; round <= 3; round += 1) {
      await place.operator.killAllOf(USER);
      await eventually(() => session.renew(never));
    }
    await Promise.all(Array.from({ length: 20 }, () => session.renew(never)));
    expect((await place.operator.connectionsOf(USER)).length).toBeLessThanOrEqual(3);
  });

  test.skipIf(!available)(
    'a server that is stopped in the middle of a statement answers nobody late',
    async () => {
      const store = storeOf({ url });
      const session = await open(store);
      const key = { namespace: nonce(), name: 'stopped' };
      await grant(session, key);
      place.server.members[0]!.suspend();
      const leave = new AbortController();
      setMaxListeners(0, leave.signal);
      const asked = Array.from({ length: 20 }, () => failure(session.renew(leave.signal)));
      await new Promise(setImmediate);
      leave.abort(new Error('no answer'));
      await Promise.all(asked);
      place.server.members[0]!.resume();
      await session.renew(never);
      expect((await store.holder(key, never))?.key).toBe('stopped');
    },
  );

  test.skipIf(!available)(
    'connections that the server closed for being idle are replaced without an error',
    async () => {
      const session = await open(storeOf({ url }));
      await eventually(async () => expect(await place.operator.connectionsOf(USER)).not.toEqual([]));
      await place.operator.ask('SET GLOBAL wait_timeout = 1');
      try {
        await Promise.all(stores.splice(0).map((store) => store.close()));
        const other = await open(storeOf({ url }));
        await eventually(async () => expect(await place.operator.connectionsOf(USER)).toEqual([]));
        await other.renew(never);
      } finally {
        await place.operator.ask('SET GLOBAL wait_timeout = 28800');
      }
      expect(session.gone.aborted).toBe(false);
    },
  );

  test.skipIf(!available)('lock time-outs and killed statements were certainly not applied', async () => {
    const pool = poolOf(3);
    pool.on('connection', (connection) => void connection.query('SET innodb_lock_wait_timeout = 1'));
    const session = await open(storeOf({ pool }));
    await using locker = await place.operator.session();
    await locker.beginTransaction();
    await locker.query('SELECT * FROM tenure_sessions FOR UPDATE');
    const error = await failure(session.renew(never));
    expect(error).toBeInstanceOf(NotAppliedError);
    expect(error.message).toMatch(
      /MySQL at 127\.0\.0\.1:\d+\/tenure: Lock wait timeout.*\(ER_LOCK_WAIT_TIMEOUT\)/u,
    );
    const renewal = failure(session.renew(never));
    await eventually(async () => {
      const waiting = (await place.operator.connectionsOf(USER)).filter(({ info }) =>
        info?.startsWith('UPDATE'),
      );
      expect(waiting.length).toBeGreaterThan(0);
      await Promise.all(waiting.map(({ id }) => place.operator.ask(`KILL QUERY ${id}`)));
    });
    expect(await renewal).toBeInstanceOf(NotAppliedError);
    await locker.rollback();
    await session.renew(never);
  });

  test.skipIf(!available)('a victim of a deadlock was certainly not applied', async () => {
    const session = await open(storeOf({ url }));
    const namespace = nonce();
    for (const name of ['a', 'b']) await grant(session, { namespace, name });
    await using locker = await place.operator.session();
    await locker.beginTransaction();
    // Whoever has changed less is the victim.
    await locker.query('CREATE TEMPORARY TABLE weight (n int) ENGINE = InnoDB');
    await locker.query(`INSERT INTO weight VALUES ${Array.from({ length: 500 }, () => '(1)').join(', ')}`);
    const lock = (name: string): Promise<unknown> =>
      locker.query('SELECT * FROM tenure_locks WHERE namespace = ? AND name = ? FOR UPDATE', [
        namespace,
        name,
      ]);
    await lock('b');
    const ending = failure(session.close(never));
    await eventually(async () => {
      const texts = (await place.operator.connectionsOf(USER)).map(({ info }) => info ?? '');
      expect(texts.filter((text) => text.startsWith('UPDATE'))).toHaveLength(1);
    });
    await lock('a');
    const error = await ending;
    expect(error).toBeInstanceOf(NotAppliedError);
    expect(error.message).toContain('(ER_LOCK_DEADLOCK)');
    await locker.rollback();
    await session.close(never);
  });

  test.skipIf(!available)(
    'a server that has become read-only is trouble, and the connection is not used again',
    async () => {
      const session = await open(storeOf({ url }));
      const before = new Set((await place.operator.connectionsOf(USER)).map(({ id }) => id));
      await place.operator.ask('SET GLOBAL read_only = 1');
      try {
        const error = await failure(session.renew(never));
        expect(error).toBeInstanceOf(StoreUnavailableError);
        expect(error.message).toContain('read-only');
      } finally {
        await place.operator.ask('SET GLOBAL read_only = 0');
      }
      await session.renew(never);
      await eventually(async () => {
        const now = (await place.operator.connectionsOf(USER)).map(({ id }) => id);
        expect(now.filter((id) => before.has(id))).toEqual([]);
      });
    },
  );

  test.skipIf(!available)(
    'a server that has no more connections to give is trouble, not a refusal',
    async () => {
      const hog = mysql2.createPool({ uri: place.url, connectionLimit: 100 }).promise();
      const taken = await Promise.allSettled(Array.from({ length: 70 }, () => hog.getConnection()));
      const error = await failure(open(storeOf({ url })));
      expect(error).toBeInstanceOf(StoreUnavailableError);
      expect(error.message).toContain('(ER_CON_COUNT_ERROR)');
      for (const one of taken) if (one.status === 'fulfilled') one.value.destroy();
      await hog.end();
      await eventually(() => open(storeOf({ url })));
    },
  );

  test.skipIf(!available)(
    'a checkpoint that the server takes for too large a packet is refused with advice',
    async () => {
      const [row] = await place.operator.ask<{ size: number }>('SELECT @@GLOBAL.max_allowed_packet AS size');
      await place.operator.ask('SET GLOBAL max_allowed_packet = 262144');
      try {
        const session = await open(storeOf({ url }));
        const granted = await grant(session, { namespace: nonce(), name: 'large' });
        const error = await failure(session.save(granted, 'x'.repeat(500 * 1024), 1, never));
        expect([InvalidArgumentError, StoreUnavailableError]).toContain(error.constructor);
        if (error instanceof InvalidArgumentError)
          expect(error.message).toContain('Raise max_allowed_packet');
        await session.save(granted, 'x', 2, never);
      } finally {
        await place.operator.ask('SET GLOBAL max_allowed_packet = ?', [row!.size]);
      }
    },
  );

  test.skipIf(!available)('renewals go ahead of a thousand claims, and connections stay few', async () => {
    const session = await open(storeOf({ url, maxConnections: 3 }));
    const namespace = nonce();
    const asked = async (): Promise<number> => (await place.operator.counts()).get('select') ?? 0;
    const before = await asked();
    const claims = Array.from({ length: 1000 }, (_, i) =>
      session.claim({ namespace, name: `key-${i}` }, record(), never),
    );
    await eventually(async () => expect(await asked()).toBeGreaterThan(before));
    await session.renew(never);
    expect((await asked()) - before, 'questions that went ahead').toBeLessThan(300);
    expect((await place.operator.connectionsOf(USER)).length).toBeLessThanOrEqual(3);
    await Promise.all(claims);
    expect((await place.operator.connectionsOf(USER)).length).toBeLessThanOrEqual(3);
  });

  test.skipIf(!available)('a renewal is one statement, and one more a TTL, whatever is held', async () => {
    const session = await open(storeOf({ url }));
    const namespace = nonce();
    await Promise.all(Array.from({ length: 300 }, (_, i) => grant(session, { namespace, name: `key-${i}` })));
    const before = await place.operator.counts();
    for (let i = 0; i < 6; i += 1) await session.renew(never);
    const after = await place.operator.counts();
    const spent = [...after].flatMap(([kind, count]) => {
      const more = count - (before.get(kind) ?? 0);
      return more === 0 || kind === 'show_status' ? [] : [[kind, more]];
    });
    expect(Object.fromEntries(spent)).toEqual({ update: 6, select: 2 });
  });

  test.skipIf(!available)('all who wait ask together, in one question', async () => {
    const holder = await open(storeOf({ url }));
    const namespace = nonce();
    const names = Array.from({ length: 200 }, (_, i) => `key-${i}`);
    await Promise.all(names.map((name) => grant(holder, { namespace, name })));
    const pool = poolOf(4);
    const waiter = await open(storeOf({ pool, pollMs: 20 }));
    const helds = await Promise.all(names.map((name) => waiter.claim({ namespace, name }, record(), never)));
    const texts: string[] = [];
    let enough = (): void => {};
    const asked = new Promise<void>((resolve) => {
      enough = resolve;
    });
    pool.on('acquire', (connection) => {
      const query = connection.query.bind(connection) as (...all: unknown[]) => unknown;
      if (Object.hasOwn(connection, 'query')) return;
      Object.assign(connection, {
        query: (given: { sql: string }, ...rest: unknown[]) => {
          texts.push(given.sql);
          if (texts.length > 20) enough();
          return query(given, ...rest);
        },
      });
    });
    const leave = new AbortController();
    setMaxListeners(0, leave.signal);
    const parked = helds.map((held) => {
      if (held.outcome !== 'held') throw new Error('it was free');
      return failure(waiter.park(held, leave.signal));
    });
    await asked;
    leave.abort(new Error('enough'));
    await Promise.all(parked);
    // The background looks for what can be forgotten, a few rows at a time.
    const questions = texts.filter((text) => text.startsWith('SELECT') && !text.includes(' LIMIT '));
    expect(questions.length).toBeGreaterThan(5);
    const literals = names.map((name) => `X'${Buffer.from(name).toString('hex')}'`);
    for (const text of questions) expect(literals.filter((literal) => !text.includes(literal))).toEqual([]);
  });
});
