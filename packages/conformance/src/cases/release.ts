import { expect } from 'vitest';
import { expectRefused, nonce } from '../bench.ts';
import type { Case } from '../case.ts';

export const releaseCases: readonly Case[] = [
  {
    name: 'frees the key when its claim is released',
    run: async (bench) => {
      const session = await bench.session();
      const granted = await bench.grant(session, bench.key());
      await session.release(bench.key(), granted.claimId, bench.signal);
      const store = await bench.store();
      expect(await store.holder(bench.key(), bench.signal)).toBeUndefined();
      await bench.grant(await bench.session(), bench.key());
    },
  },
  {
    name: 'resolves when there is nothing to release',
    run: async (bench) => {
      const session = await bench.session();
      await session.release(bench.key(), nonce(), bench.signal);
      const granted = await bench.grant(session, bench.key());
      await session.release(bench.key(), nonce(), bench.signal);
      await bench.wait(await bench.session(), bench.key());
      await session.release(bench.key(), granted.claimId, bench.signal);
      await session.release(bench.key(), granted.claimId, bench.signal);
    },
  },
  {
    name: 'gives up the place of a waiting claim that is released, and no other',
    run: async (bench) => {
      const holder = await bench.session();
      const waiter = await bench.session();
      const granted = await bench.grant(holder, bench.key());
      const given = await bench.wait(waiter, bench.key());
      const record = bench.record();
      await bench.wait(waiter, bench.key(), record);
      await waiter.release(bench.key(), given.claimId, bench.signal);
      await bench.wait(await bench.session(), bench.key('job'));
      await holder.release(bench.key(), granted.claimId, bench.signal);
      await bench.win(waiter, bench.key(), record);
    },
  },
  {
    name: 'does not let a late release of an old claim touch a newer one of the same session',
    run: async (bench) => {
      const session = await bench.session();
      const old = await bench.grant(session, bench.key());
      await session.release(bench.key(), old.claimId, bench.signal);
      const record = bench.record();
      const granted = await bench.grant(session, bench.key(), record);
      await session.release(bench.key(), old.claimId, bench.signal);
      await bench.wait(await bench.session(), bench.key());
      expect((await bench.grant(session, bench.key(), record)).token).toBe(granted.token);
    },
  },
  {
    name: "lets a session that has expired touch nothing of its successor's: not by release, announce or save",
    run: async (bench) => {
      const past = await bench.mortal();
      const pastRecord = bench.record('past');
      const old = await bench.grant(past, bench.key(), pastRecord);
      const heir = await bench.session();
      const record = bench.record('heir');
      const granted = await bench.win(heir, bench.key(), record, bench.expiryMs);
      await heir.save(granted, 'of the heir', 1, bench.signal);
      await past.release(bench.key(), old.claimId, bench.signal);
      await expectRefused(past.announce(old, pastRecord, bench.signal));
      await expectRefused(past.save(old, 'of the past', 1, bench.signal));
      await past.close(bench.signal);
      const store = await bench.store();
      const shown = await store.holder(bench.key(), bench.signal);
      expect(shown?.token).toBe(granted.token);
      expect(shown?.value).toContain(record.claimId);
      expect((await bench.grant(heir, bench.key(), record)).token).toBe(granted.token);
      await heir.release(bench.key(), granted.claimId, bench.signal);
      expect((await bench.grant(heir, bench.key())).checkpoint).toBe('of the heir');
    },
  },
  {
    name: 'does not let a session release, announce or save under a claim of another one',
    run: async (bench) => {
      const holder = await bench.session();
      const stranger = await bench.session();
      const record = bench.record();
      const granted = await bench.grant(holder, bench.key(), record);
      await stranger.release(bench.key(), granted.claimId, bench.signal);
      await expectRefused(stranger.save(granted, 'stolen', 1, bench.signal));
      await expectRefused(stranger.announce(granted, record, bench.signal));
      expect((await bench.grant(holder, bench.key(), record)).token).toBe(granted.token);
      await bench.wait(stranger, bench.key());
    },
  },
];
