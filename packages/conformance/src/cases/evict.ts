import type { ClaimNews, StoreSession } from '@tenure/core/store';
import { StoreUnavailableError } from '@tenure/core/store';
import { expect } from 'vitest';
import type { Bench } from '../bench.ts';
import type { Case } from '../case.ts';

/** Renews until there is news of the claim, at most for `ms`. A renewal that could not look may reject. */
async function hear(
  bench: Bench,
  session: StoreSession,
  claimId: string,
  ms: number,
): Promise<ClaimNews['what']> {
  for (let leftMs = ms; ; leftMs -= ms / 20) {
    try {
      const { news } = await session.renew(bench.signal);
      const mine = news.find((each) => each.claimId === claimId);
      if (mine) return mine.what;
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
    }
    if (leftMs <= 0) throw new Error(`no news of the claim within ${ms} ms`);
    await bench.pass(ms / 20);
  }
}

export const evictCases: readonly Case[] = [
  {
    name: 'asks the holder to let go, tells it with each renewal, and gives the key to the next after its release',
    run: async (bench) => {
      const session = await bench.session();
      const waiter = await bench.session();
      const granted = await bench.grant(session, bench.key());
      const record = bench.record();
      await bench.wait(waiter, bench.key(), record);
      const operator = await bench.store();
      expect(await operator.evict(bench.key(), granted.token, { force: false }, bench.signal)).toBe(true);
      for (let i = 0; i < 3; i += 1) {
        expect(await hear(bench, session, granted.claimId, bench.options.ttlMs / 3)).toBe('evicted');
      }
      // Asked is not taken: the key stays closed to everyone else.
      await bench.wait(waiter, bench.key(), record);
      await bench.wait(await bench.session(), bench.key());
      expect((await operator.holder(bench.key(), bench.signal))?.token).toBe(granted.token);
      await session.release(bench.key(), granted.claimId, bench.signal);
      expect((await bench.win(waiter, bench.key(), record)).token > granted.token).toBe(true);
      expect((await session.renew(bench.signal)).news).toEqual([]);
    },
  },
  {
    name: 'hints to the holder that it is asked to let go',
    run: async (bench) => {
      const session = await bench.session();
      const granted = await bench.grant(session, bench.key());
      const hinted = new Promise<void>((resolve) => {
        session.taken(resolve);
      });
      const operator = await bench.store();
      await operator.evict(bench.key(), granted.token, { force: false }, bench.signal);
      if (operator.traits.wakes === 'push') await bench.soon(hinted, 'the hint');
      expect(await hear(bench, session, granted.claimId, bench.options.ttlMs / 3)).toBe('evicted');
    },
  },
  {
    name: 'says no to an eviction whose token is not that of the holder, and does nothing',
    run: async (bench) => {
      const session = await bench.session();
      const operator = await bench.store();
      const past = await bench.grant(session, bench.key());
      await session.release(bench.key(), past.claimId, bench.signal);
      for (const force of [false, true]) {
        expect(await operator.evict(bench.key(), past.token, { force }, bench.signal)).toBe(false);
      }
      const record = bench.record();
      const granted = await bench.grant(session, bench.key(), record);
      const before = await operator.holder(bench.key(), bench.signal);
      for (const token of [past.token, granted.token + 1n, 0n]) {
        for (const force of [false, true]) {
          expect(await operator.evict(bench.key(), token, { force }, bench.signal)).toBe(false);
        }
      }
      expect((await session.renew(bench.signal)).news).toEqual([]);
      expect(await operator.holder(bench.key(), bench.signal)).toEqual(before);
      expect((await bench.grant(session, bench.key(), record)).token).toBe(granted.token);
    },
  },
  {
    name: 'takes the key at once when forced: another wins it, the old holder hears it and may go on with other keys',
    run: async (bench) => {
      const session = await bench.session();
      const granted = await bench.grant(session, bench.key());
      const kept = bench.record();
      const other = await bench.grant(session, bench.key('other'), kept);
      const operator = await bench.store();
      expect(await operator.evict(bench.key(), granted.token, { force: true }, bench.signal)).toBe(true);
      const heir = await bench.win(await bench.session(), bench.key(), bench.record());
      expect(heir.token > granted.token).toBe(true);
      const what = await hear(bench, session, granted.claimId, bench.options.ttlMs / 3);
      // Not `evicted`: a holder that is only asked goes on until its work has ended.
      expect(['forced', 'superseded', 'deleted']).toContain(what);
      await session.release(bench.key(), granted.claimId, bench.signal);
      expect((await session.renew(bench.signal)).news).toEqual([]);
      expect((await operator.holder(bench.key(), bench.signal))?.token).toBe(heir.token);
      expect((await bench.grant(session, bench.key('other'), kept)).token).toBe(other.token);
      await bench.grant(session, bench.key('third'));
      await bench.wait(session, bench.key());
    },
  },
  {
    name: 'gives the key to one who waits for it when it is taken by force',
    run: async (bench) => {
      const session = await bench.session();
      const waiter = await bench.session();
      const granted = await bench.grant(session, bench.key());
      const record = bench.record();
      const operator = await bench.store();
      const turn = bench.turn(waiter, await bench.wait(waiter, bench.key(), record));
      expect(await operator.evict(bench.key(), granted.token, { force: true }, bench.signal)).toBe(true);
      await turn;
      expect((await bench.win(waiter, bench.key(), record)).token > granted.token).toBe(true);
    },
  },
  {
    name: 'lets an evicted holder that has let go stand again',
    run: async (bench) => {
      const session = await bench.session();
      const operator = await bench.store();
      let last = 0n;
      for (const force of [false, true, false]) {
        const granted = await bench.win(session, bench.key(), bench.record());
        expect(granted.token > last).toBe(true);
        last = granted.token;
        expect(await operator.evict(bench.key(), granted.token, { force }, bench.signal)).toBe(true);
        await session.release(bench.key(), granted.claimId, bench.signal);
      }
      await bench.grant(session, bench.key());
    },
  },
  {
    name: 'keeps the request to let go when the holder announces something meanwhile',
    run: async (bench) => {
      const session = await bench.session();
      const record = bench.record('before');
      const granted = await bench.grant(session, bench.key(), record);
      const operator = await bench.store();
      await operator.evict(bench.key(), granted.token, { force: false }, bench.signal);
      await session.announce(granted, { ...record, metadata: 'after' }, bench.signal);
      expect(await hear(bench, session, granted.claimId, bench.options.ttlMs / 3)).toBe('evicted');
    },
  },
  {
    name: 'tells of an eviction by renewal alone, when every notification is lost',
    run: async (bench) => {
      for (const force of [false, true]) {
        const key = bench.key(`force ${force}`);
        const session = await bench.session({ store: await bench.deafStore() });
        const granted = await bench.grant(session, key);
        const operator = await bench.store();
        expect(await operator.evict(key, granted.token, { force }, bench.signal)).toBe(true);
        const what = await hear(bench, session, granted.claimId, bench.options.ttlMs / 3);
        expect(what === 'evicted').toBe(!force);
      }
    },
  },
  {
    name: 'tells of a deletion by an operator by renewal alone, within one TTL',
    needs: ['deleteKey'],
    run: async (bench) => {
      const session = await bench.mortal(await bench.deafStore());
      const granted = await bench.grant(session, bench.key());
      expect((await session.renew(bench.signal)).news).toEqual([]);
      await bench.options.deleteKey?.(bench.key());
      const what = await hear(bench, session, granted.claimId, bench.options.ttlMs);
      expect(['deleted', 'superseded']).toContain(what);
    },
  },
  {
    name: 'tells of a deletion also when someone else has taken the key since',
    needs: ['deleteKey'],
    run: async (bench) => {
      const session = await bench.mortal();
      const granted = await bench.grant(session, bench.key());
      await bench.options.deleteKey?.(bench.key());
      const heir = await bench.win(await bench.session(), bench.key(), bench.record());
      const what = await hear(bench, session, granted.claimId, bench.options.ttlMs);
      expect(['deleted', 'superseded']).toContain(what);
      await session.release(bench.key(), granted.claimId, bench.signal);
      expect((await (await bench.store()).holder(bench.key(), bench.signal))?.token).toBe(heir.token);
    },
  },
];
