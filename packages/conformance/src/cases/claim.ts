import { expect } from 'vitest';
import { expectGranted } from '../bench.ts';
import type { Case } from '../case.ts';

export const claimCases: readonly Case[] = [
  {
    name: 'grants a key to exactly one of many that claim it at once, of several sessions and of one',
    run: async (bench) => {
      const key = bench.key();
      const clients = await Promise.all(Array.from({ length: 5 }, () => bench.session()));
      const claims = clients.flatMap((session) => Array.from({ length: 4 }, () => session));
      const outcomes = await Promise.all(
        claims.map((session) => session.claim(key, bench.record(), bench.signal)),
      );
      const granted = outcomes.filter(({ outcome }) => outcome === 'granted').map(expectGranted);
      expect(granted).toHaveLength(1);
      const holder = await (await bench.store()).holder(key, bench.signal);
      expect(holder?.token).toBe(granted[0]?.token);
      expect(holder?.value).toContain(granted[0]?.claimId);
    },
  },
  {
    name: 'answers the same claim id with the same grant, any number of times',
    run: async (bench) => {
      const session = await bench.session();
      const record = bench.record();
      const first = await bench.grant(session, bench.key(), record);
      for (let i = 0; i < 5; i += 1) {
        const again = await bench.grant(session, bench.key(), record);
        expect(again.token).toBe(first.token);
        expect(again.claimId).toBe(record.claimId);
      }
      const holders = await (await bench.store()).list(bench.key(''), bench.signal);
      expect(holders.map(({ token }) => token)).toEqual([first.token]);
    },
  },
  {
    name: 'answers a claim id that is asked about many times at once with one grant',
    run: async (bench) => {
      const session = await bench.session();
      const record = bench.record();
      const grants = await Promise.all(
        Array.from({ length: 10 }, () => bench.grant(session, bench.key(), record)),
      );
      expect(new Set(grants.map(({ token }) => token)).size).toBe(1);
    },
  },
  {
    name: 'holds off another claim id of the same session, which is another contender',
    run: async (bench) => {
      const session = await bench.session();
      const granted = await bench.grant(session, bench.key());
      const record = bench.record();
      const held = await bench.wait(session, bench.key(), record);
      expect(held.claimId).toBe(record.claimId);
      expect(held.holder?.token).toBe(granted.token);
      await session.release(bench.key(), granted.claimId, bench.signal);
      const next = await bench.win(session, bench.key(), record);
      expect(next.token > granted.token).toBe(true);
    },
  },
  {
    name: 'tells a claim that is held off who holds the key',
    run: async (bench) => {
      const record = bench.record({ room: 7 });
      const granted = await bench.grant(await bench.session(), bench.key(), record);
      const held = await bench.wait(await bench.session(), bench.key());
      expect(held.key).toEqual(bench.key());
      expect(held.holder).toMatchObject({ key: 'job', token: granted.token });
      expect(held.holder?.value).toContain(record.id);
    },
  },
  {
    name: 'does not mind a waiting claim that is repeated, and keeps its place where it is fair',
    run: async (bench) => {
      const holder = await bench.session();
      const early = await bench.session();
      const late = await bench.session();
      const { traits } = await bench.store();
      const granted = await bench.grant(holder, bench.key());
      const first = bench.record();
      await bench.wait(early, bench.key(), first);
      const second = bench.record();
      await bench.wait(late, bench.key(), second);
      for (let i = 0; i < 3; i += 1) await bench.wait(early, bench.key(), first);
      await holder.release(bench.key(), granted.claimId, bench.signal);
      if (traits.fair) await bench.wait(late, bench.key(), second);
      const won = await bench.win(early, bench.key(), first);
      await early.release(bench.key(), won.claimId, bench.signal);
      await bench.win(late, bench.key(), second);
    },
  },
  {
    name: 'says whether observers see what was written at the grant or before it',
    run: async (bench) => {
      const holder = await bench.session();
      const waiter = await bench.session();
      const granted = await bench.grant(holder, bench.key());
      expect(granted.announced).toBe(true);
      const record = bench.record();
      await bench.wait(waiter, bench.key(), record);
      await holder.release(bench.key(), granted.claimId, bench.signal);
      const fresh = { ...record, acquiredAt: '2031-01-01T00:00:00.000Z' };
      const won = await bench.win(waiter, bench.key(), fresh);
      const shown = await (await bench.store()).holder(bench.key(), bench.signal);
      if (won.announced) expect(shown?.value).toContain(fresh.acquiredAt);
      else expect(shown?.value).toContain(record.acquiredAt);
    },
  },
  {
    name: 'keeps several keys of one session apart',
    run: async (bench) => {
      const session = await bench.session();
      const other = await bench.session();
      const a = await bench.grant(session, bench.key('a'));
      const b = await bench.grant(session, bench.key('b'));
      await session.release(bench.key('a'), a.claimId, bench.signal);
      await bench.wait(other, bench.key('b'));
      await bench.grant(other, bench.key('a'));
      expect((await (await bench.store()).holder(bench.key('b'), bench.signal))?.token).toBe(b.token);
    },
  },
];
