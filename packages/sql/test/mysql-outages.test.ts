import { setMaxListeners } from 'node:events';
import { createTenure } from '@tenure/core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { flavours } from './mysql-operator.ts';
import { happens, Scene, USER } from './mysql-scene.ts';
import { eventually, failure, grant, never, nonce, open } from './postgres-candidate.ts';

for (const { flavour, available } of flavours) {
  describe.skipIf(!available)(`outages of ${flavour}`, () => {
    const scene = new Scene(flavour);
    beforeAll(() => scene.set());
    afterEach(() => scene.clear());
    afterAll(() => scene.strike());

    test('all connections are killed while one leads and another waits: both recover, and the release still wakes', async () => {
      const leader = createTenure({ store: scene.storeOf({ url: scene.url }), ttlMs: 6000 });
      const follower = createTenure({ store: scene.storeOf({ url: scene.url }), ttlMs: 6000 });
      const term = await leader.lock('killed').acquire();
      const waiting = follower.lock('killed').acquire();
      for (let i = 0; i < 3; i += 1) {
        await eventually(async () => expect(await scene.operator.killAllOf(USER)).toBeGreaterThan(0));
      }
      expect(term.isCurrent()).toBe(true);
      await eventually(() => term.ensure(4000));
      await term.release();
      expect((await waiting).token).toBeGreaterThan(term.token);
      await Promise.all([leader.close(), follower.close()]);
    });

    test('the server restarts under a leader and waiters: the term goes on, and then a waiter has it', async () => {
      const leader = createTenure({
        store: scene.storeOf({ url: scene.url }),
        ttlMs: 30_000,
        timing: { renewMs: 1000 },
      });
      const followers = Array.from({ length: 3 }, () =>
        createTenure({ store: scene.storeOf({ url: scene.url }), ttlMs: 30_000 }),
      );
      const term = await leader.lock('restart').acquire();
      const waiting = Promise.race(followers.map((follower) => follower.lock('restart').acquire()));
      const [member] = scene.server.members;
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
    });

    test("connections of the user's pool that are killed are replaced", async () => {
      const pool = scene.poolOf(3);
      const session = await open(scene.storeOf({ pool }));
      for (let round = 1; round <= 3; round += 1) {
        await scene.operator.killAllOf(USER);
        await eventually(() => session.renew(never));
      }
      await Promise.all(Array.from({ length: 20 }, () => session.renew(never)));
      expect((await scene.operator.connectionsOf(USER)).length).toBeLessThanOrEqual(3);
    });

    test('a server that is stopped in the middle of a statement answers nobody late', async () => {
      const store = scene.storeOf({ url: scene.url });
      const session = await open(store);
      const key = { namespace: nonce(), name: 'stopped' };
      await grant(session, key);
      scene.server.members[0]!.suspend();
      const leave = new AbortController();
      setMaxListeners(0, leave.signal);
      const asked = Array.from({ length: 20 }, () => failure(session.renew(leave.signal)));
      await new Promise(setImmediate);
      leave.abort(new Error('no answer'));
      await Promise.all(asked);
      scene.server.members[0]!.resume();
      await session.renew(never);
      expect((await store.holder(key, never))?.key).toBe('stopped');
    });

    test('connections that the server closed for being idle are replaced without an error', async () => {
      const session = await open(scene.storeOf({ url: scene.url }));
      await eventually(async () => expect(await scene.operator.connectionsOf(USER)).not.toEqual([]));
      await scene.operator.ask('SET GLOBAL wait_timeout = 1');
      try {
        await scene.closeStores();
        const other = await open(scene.storeOf({ url: scene.url }));
        await eventually(async () => expect(await scene.operator.connectionsOf(USER)).toEqual([]));
        await other.renew(never);
      } finally {
        await scene.operator.ask('SET GLOBAL wait_timeout = 28800');
      }
      expect(session.gone.aborted).toBe(false);
    });
  });
}
