import { expect } from 'vitest';
import { expectRefused } from '../bench.ts';
import type { Case } from '../case.ts';

export const checkpointCases: readonly Case[] = [
  {
    name: 'has no checkpoint for a key under which nothing was saved',
    run: async (bench) => {
      expect((await bench.grant(await bench.session(), bench.key())).checkpoint).toBeUndefined();
    },
  },
  {
    name: 'hands what a term saved to the next one, and the last of several',
    run: async (bench) => {
      const session = await bench.session();
      const first = await bench.grant(session, bench.key());
      await session.save(first, 'page 1', 1, bench.signal);
      await session.save(first, 'page 2', 2, bench.signal);
      await session.release(bench.key(), first.claimId, bench.signal);
      const second = await bench.grant(await bench.session(), bench.key());
      expect(second.checkpoint).toBe('page 2');
    },
  },
  {
    name: 'hands a checkpoint to the claim that waited for the key',
    run: async (bench) => {
      const session = await bench.session();
      const first = await bench.grant(session, bench.key());
      const heir = await bench.session();
      const record = bench.record();
      await bench.wait(heir, bench.key(), record);
      await session.save(first, 'page 1', 1, bench.signal);
      await session.release(bench.key(), first.claimId, bench.signal);
      expect((await bench.win(heir, bench.key(), record)).checkpoint).toBe('page 1');
    },
  },
  {
    name: 'keeps a checkpoint when the session that saved it closes, and when it expires',
    run: async (bench) => {
      const closed = await bench.session();
      await closed.save(await bench.grant(closed, bench.key()), 'page 1', 1, bench.signal);
      await closed.close(bench.signal);
      const expired = await bench.mortal();
      const second = await bench.grant(expired, bench.key());
      expect(second.checkpoint).toBe('page 1');
      await expired.save(second, 'page 2', 1, bench.signal);
      const heir = await bench.session();
      const third = await bench.win(heir, bench.key(), bench.record(), bench.expiryMs);
      expect(third.checkpoint).toBe('page 2');
      await heir.release(bench.key(), third.claimId, bench.signal);
      expect((await bench.grant(heir, bench.key())).checkpoint).toBe('page 2');
    },
  },
  {
    name: 'keeps the checkpoints of keys apart, also where one key is a prefix of another',
    run: async (bench) => {
      const session = await bench.session();
      const names = ['a', 'a/b', 'ab'];
      for (const name of names) {
        const granted = await bench.grant(session, bench.key(name));
        expect(granted.checkpoint).toBeUndefined();
        await session.save(granted, `of ${name}`, 1, bench.signal);
        await session.release(bench.key(name), granted.claimId, bench.signal);
      }
      for (const name of names) {
        expect((await bench.grant(session, bench.key(name))).checkpoint).toBe(`of ${name}`);
      }
    },
  },
  {
    name: 'does not let a late save undo a newer one of the same term, nor mind one that is repeated',
    run: async (bench) => {
      const session = await bench.session();
      const first = await bench.grant(session, bench.key());
      await session.save(first, 'page 1', 1, bench.signal);
      await session.save(first, 'page 3', 3, bench.signal);
      await session.save(first, 'page 3', 3, bench.signal);
      // Refused or without effect: either is right.
      await session.save(first, 'page 2', 2, bench.signal).catch(() => {});
      await session.release(bench.key(), first.claimId, bench.signal);
      expect((await bench.grant(session, bench.key())).checkpoint).toBe('page 3');
    },
  },
  {
    name: 'refuses a save of a past term of the same session, whatever its sequence',
    run: async (bench) => {
      const session = await bench.session();
      const past = await bench.grant(session, bench.key());
      await session.save(past, 'of the past', 1, bench.signal);
      await session.release(bench.key(), past.claimId, bench.signal);
      await expectRefused(session.save(past, 'of nobody', 8, bench.signal));
      const second = await bench.grant(session, bench.key());
      expect(second.checkpoint).toBe('of the past');
      await expectRefused(session.save(past, 'too late', 9, bench.signal));
      await session.save(second, 'of the present', 1, bench.signal);
      await expectRefused(session.save(past, 'far too late', 10, bench.signal));
      await session.release(bench.key(), second.claimId, bench.signal);
      expect((await bench.grant(session, bench.key())).checkpoint).toBe('of the present');
    },
  },
  {
    name: 'refuses a save by a claim that only waits, with any token',
    run: async (bench) => {
      const session = await bench.session();
      const waiter = await bench.session();
      const granted = await bench.grant(session, bench.key());
      const { key, claimId } = await bench.wait(waiter, bench.key());
      const forged = { ...granted, key, claimId };
      await expectRefused(waiter.save(forged, 'stolen', 1, bench.signal));
      await expectRefused(waiter.announce(forged, bench.record(undefined, claimId), bench.signal));
      await session.release(bench.key(), granted.claimId, bench.signal);
      await waiter.close(bench.signal);
      expect((await bench.grant(session, bench.key())).checkpoint).toBeUndefined();
    },
  },
  {
    name: 'keeps any text as a checkpoint, the empty one too',
    run: async (bench) => {
      const session = await bench.session();
      for (const text of ['', ' ', '0', 'null', '{"a":[1]}', 'zwölf Boxkämpfer 🥊\n\t"\\']) {
        const granted = await bench.grant(session, bench.key());
        await session.save(granted, text, 1, bench.signal);
        await session.release(bench.key(), granted.claimId, bench.signal);
        const next = await bench.grant(session, bench.key());
        expect(next.checkpoint).toBe(text);
        await session.release(bench.key(), next.claimId, bench.signal);
      }
    },
  },
];
