import { setMaxListeners } from 'node:events';
import { createTenure } from '@tenure/core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { flavours } from './mysql-operator.ts';
import { happens, Scene, USER } from './mysql-scene.ts';
import { eventually, failure, grant, never, nonce, open, record } from './postgres-candidate.ts';

for (const { flavour, available } of flavours) {
  describe.skipIf(!available)(`waiting for ${flavour}`, () => {
    const scene = new Scene(flavour);
    beforeAll(() => scene.set());
    afterEach(() => scene.clear());
    afterAll(() => scene.strike());

    test('tables that somebody has locked are jeopardy, not a hang; unlocked, all goes on', async () => {
      const tenure = createTenure({ store: scene.storeOf({ url: scene.url }), ttlMs: 4000 });
      const term = await tenure.lock('locked').acquire();
      await using locker = await scene.operator.session();
      const jeopardy = happens(tenure, 'jeopardy');
      await locker.query('LOCK TABLES tenure_sessions WRITE, tenure_locks WRITE');
      await jeopardy;
      const secure = happens(tenure, 'secure');
      await locker.query('UNLOCK TABLES');
      await secure;
      expect(term.isCurrent()).toBe(true);
      await tenure.close();
    });

    test.for(['connections of its own', "a user's pool"])(
      'on %s, a claim that waits for a row holds up no renewal, ends with its signal, and its connection is not used again',
      async (whose) => {
        const session = await open(
          scene.storeOf(whose === "a user's pool" ? { pool: scene.serializablePool(6) } : { url: scene.url }),
        );
        const key = { namespace: nonce(), name: 'hung' };
        await session.release(key, (await grant(session, key)).claimId, never);
        await using locker = await scene.operator.session();
        await locker.beginTransaction();
        await locker.query('SELECT * FROM tenure_locks FOR UPDATE');
        const seen = new Set<number>();
        for (let round = 1; round <= 3; round += 1) {
          const leave = new AbortController();
          const hung = failure(session.claim(key, record(), leave.signal));
          await eventually(async () => {
            const waiting = (await scene.operator.connectionsOf(USER)).filter(
              ({ id, info }) => info?.startsWith('INSERT') && !seen.has(id),
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
          const left = (await scene.operator.connectionsOf(USER)).filter(({ id }) => seen.has(id));
          expect(left).toEqual([]);
        });
        await session.renew(never);
      },
    );

    test("a verb that gets no connection of the user's exhausted pool ends with its signal, and gives back what comes later", async () => {
      const pool = scene.poolOf(3);
      const session = await open(scene.storeOf({ pool }));
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
      await scene.closeStores();
      expect((await pool.promise().query('SELECT 1 AS one'))[0]).toEqual([{ one: 1 }]);
    });

    test('a holder whose pool is exhausted is in jeopardy, and safe again once it is not', async () => {
      const pool = scene.poolOf(2);
      const tenure = createTenure({ store: scene.storeOf({ pool }), ttlMs: 3000 });
      const term = await tenure.lock('exhausted').acquire();
      const jeopardy = happens(tenure, 'jeopardy');
      const taken = await Promise.all([1, 2].map(() => pool.promise().getConnection()));
      await jeopardy;
      const secure = happens(tenure, 'secure');
      for (const connection of taken) connection.release();
      await secure;
      expect(term.isCurrent()).toBe(true);
      await tenure.close();
    });
  });
}
