import { setMaxListeners } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { flavours } from './mysql-operator.ts';
import { Scene, USER } from './mysql-scene.ts';
import { eventually, failure, grant, never, nonce, open, record } from './postgres-candidate.ts';

for (const { flavour, available } of flavours) {
  describe.skipIf(!available)(`what ${flavour} is asked`, () => {
    const scene = new Scene(flavour);
    beforeAll(() => scene.set());
    afterEach(() => scene.clear());
    afterAll(() => scene.strike());

    test('renewals go ahead of a thousand claims, and connections stay few', async () => {
      const session = await open(scene.storeOf({ url: scene.url, maxConnections: 3 }));
      const namespace = nonce();
      const asked = async (): Promise<number> => (await scene.operator.counts()).get('select') ?? 0;
      const before = await asked();
      const claims = Array.from({ length: 1000 }, (_, i) =>
        session.claim({ namespace, name: `key-${i}` }, record(), never),
      );
      await eventually(async () => expect(await asked()).toBeGreaterThan(before));
      await session.renew(never);
      expect((await asked()) - before, 'questions that went ahead').toBeLessThan(300);
      expect((await scene.operator.connectionsOf(USER)).length).toBeLessThanOrEqual(3);
      await Promise.all(claims);
      expect((await scene.operator.connectionsOf(USER)).length).toBeLessThanOrEqual(3);
    });

    test('a renewal is one statement, and one more a TTL, whatever is held', async () => {
      const session = await open(scene.storeOf({ url: scene.url }));
      const namespace = nonce();
      await Promise.all(
        Array.from({ length: 300 }, (_, i) => grant(session, { namespace, name: `key-${i}` })),
      );
      await scene.operator.quiet();
      const before = await scene.operator.counts();
      for (let i = 0; i < 6; i += 1) await session.renew(never);
      const after = await scene.operator.counts();
      const spent = [...after].flatMap(([kind, count]) => {
        const more = count - (before.get(kind) ?? 0);
        return more === 0 ? [] : [[kind, more]];
      });
      expect(Object.fromEntries(spent)).toEqual({ update: 6, select: 2 });
    });

    test('claims and releases are one statement each, and go together when they come together', async () => {
      const session = await open(scene.storeOf({ url: scene.url }));
      const keys = Array.from({ length: 64 }, (_, i) => ({ namespace: nonce(), name: `key-${i}` }));
      await scene.operator.quiet();
      const spent = async (work: () => Promise<unknown>): Promise<number> => {
        const total = (counts: ReadonlyMap<string, number>): number =>
          // Not what a new connection is told first.
          ['insert_select', 'insert', 'select', 'update'].reduce(
            (sum, kind) => sum + (counts.get(kind) ?? 0),
            0,
          );
        const before = await scene.operator.counts();
        await work();
        return total(await scene.operator.counts()) - total(before);
      };
      const lone = { namespace: nonce(), name: 'lone' };
      let claimId = '';
      expect(await spent(async () => ({ claimId } = await grant(session, lone)))).toBe(1);
      expect(await spent(() => session.release(lone, claimId, never))).toBe(1);
      const grantAll = () => Promise.all(keys.map((key) => grant(session, key)));
      let first: Awaited<ReturnType<typeof grantAll>> = [];
      expect(await spent(async () => (first = await grantAll()))).toBeLessThanOrEqual(3);
      const releaseAll = () =>
        Promise.all(first.map(({ key, claimId: id }) => session.release(key, id, never)));
      expect(await spent(releaseAll)).toBeLessThanOrEqual(2);
      const again = await grantAll();
      for (const [i, { token }] of again.entries()) expect(token).toBeGreaterThan(first[i]!.token);
      await session.save(again[0]!, 'left', 1, never);
      await Promise.all(again.map(({ key, claimId: id }) => session.release(key, id, never)));
      expect((await grant(session, keys[0]!)).checkpoint).toBe('left');
      const [second] = await Promise.all(keys.slice(1).map((key) => grant(session, key)));
      expect(second!.checkpoint).toBeUndefined();
    });

    test('all who wait ask together, in one question', async () => {
      const holder = await open(scene.storeOf({ url: scene.url }));
      const namespace = nonce();
      const names = Array.from({ length: 200 }, (_, i) => `key-${i}`);
      await Promise.all(names.map((name) => grant(holder, { namespace, name })));
      const pool = scene.poolOf(4);
      const waiter = await open(scene.storeOf({ pool, pollMs: 20 }));
      const helds = await Promise.all(
        names.map((name) => waiter.claim({ namespace, name }, record(), never)),
      );
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
}
