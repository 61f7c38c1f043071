import { SessionGoneError } from '@tenure/core/store';
import { expect } from 'vitest';
import type { Case } from '../case.ts';

export const sessionCases: readonly Case[] = [
  {
    name: 'opens sessions of their own for different requests, and tells the TTL it grants',
    run: async (bench) => {
      const store = await bench.store();
      const a = await bench.session({ store });
      const b = await bench.session({ store });
      expect(a.id).not.toBe(b.id);
      for (const session of [a, b]) {
        expect(session.adopted).toBe(false);
        expect(session.gone.aborted).toBe(false);
        expect(session.ttlMs).toBeGreaterThanOrEqual(bench.patientTtlMs);
        const { ttlMs, news } = await session.renew(bench.signal);
        expect(ttlMs).toBeGreaterThanOrEqual(bench.patientTtlMs);
        expect(news).toEqual([]);
      }
    },
  },
  {
    name: 'keeps a session alive for several TTLs while it is renewed, and its claims with it',
    run: async (bench) => {
      const session = await bench.mortal();
      const other = await bench.session();
      const record = bench.record();
      const granted = await bench.grant(session, bench.key(), record);
      for (let i = 0; i < 12; i += 1) {
        await bench.pass(bench.options.ttlMs / 4);
        expect((await session.renew(bench.signal)).news).toEqual([]);
      }
      await bench.wait(other, bench.key());
      expect((await bench.grant(session, bench.key(), record)).token).toBe(granted.token);
      expect(session.gone.aborted).toBe(false);
    },
  },
  {
    name: 'refuses to renew a session that has expired, and never grants it anything again',
    run: async (bench) => {
      const session = await bench.mortal();
      await bench.grant(session, bench.key());
      // Whoever wins the key proves that the session is over.
      await bench.win(await bench.session(), bench.key(), bench.record(), bench.expiryMs);
      await expect(session.renew(bench.signal)).rejects.toBeInstanceOf(SessionGoneError);
      await expect(session.claim(bench.key('free'), bench.record(), bench.signal)).rejects.toBeInstanceOf(
        SessionGoneError,
      );
      await expect(session.renew(bench.signal)).rejects.toBeInstanceOf(SessionGoneError);
      const holders = await (await bench.store()).list(bench.key(''), bench.signal);
      expect(holders.map(({ key }) => key)).toEqual(['job']);
    },
  },
  {
    name: 'refuses to renew a session that was closed',
    run: async (bench) => {
      const session = await bench.session();
      await session.close(bench.signal);
      await expect(session.renew(bench.signal)).rejects.toBeInstanceOf(SessionGoneError);
    },
  },
  {
    name: 'ends every claim of a session that expires, on every key',
    run: async (bench) => {
      const session = await bench.mortal();
      const keys = ['a', 'b', 'c'].map((name) => bench.key(name));
      for (const key of keys) await bench.grant(session, key);
      const heir = await bench.session();
      for (const key of keys) await bench.win(heir, key, bench.record(), bench.expiryMs);
    },
  },
  {
    name: 'leaves the claims of other sessions alone when one ends',
    run: async (bench) => {
      const store = await bench.store();
      const a = await bench.session({ store });
      const b = await bench.session({ store });
      const record = bench.record();
      const granted = await bench.grant(b, bench.key(), record);
      await bench.grant(a, bench.key('other'));
      await a.close(bench.signal);
      expect((await b.renew(bench.signal)).news).toEqual([]);
      expect((await bench.grant(b, bench.key(), record)).token).toBe(granted.token);
      await bench.wait(await bench.session(), bench.key());
    },
  },
  {
    name: 'ends the session of a holder on request, with everything it holds, and no other',
    run: async (bench) => {
      const session = await bench.session();
      const bystander = await bench.session();
      const granted = await bench.grant(session, bench.key());
      await bench.grant(session, bench.key('other'));
      const kept = bench.record();
      const theirs = await bench.grant(bystander, bench.key('theirs'), kept);
      const operator = await bench.store();
      expect(await operator.endSession(bench.key(), granted.token + 1n, bench.signal)).toBe(false);
      expect(await operator.endSession(bench.key('free'), granted.token, bench.signal)).toBe(false);
      expect((await session.renew(bench.signal)).news).toEqual([]);

      expect(await operator.endSession(bench.key(), granted.token, bench.signal)).toBe(true);
      const heir = await bench.session();
      const next = await bench.win(heir, bench.key(), bench.record());
      expect(next.token > granted.token).toBe(true);
      await bench.win(heir, bench.key('other'), bench.record());
      await expect(session.renew(bench.signal)).rejects.toBeInstanceOf(SessionGoneError);
      expect(await operator.endSession(bench.key(), granted.token, bench.signal)).toBe(false);
      expect((await bench.grant(bystander, bench.key('theirs'), kept)).token).toBe(theirs.token);
    },
  },
  {
    name: 'wakes a waiter when the session of the holder is ended on request',
    run: async (bench) => {
      const waiter = await bench.session();
      const granted = await bench.grant(await bench.session(), bench.key());
      const record = bench.record();
      const turn = bench.turn(waiter, await bench.wait(waiter, bench.key(), record));
      expect(await (await bench.store()).endSession(bench.key(), granted.token, bench.signal)).toBe(true);
      await bench.soon(turn, 'waking after a session was ended');
      await bench.win(waiter, bench.key(), record);
    },
  },
];
