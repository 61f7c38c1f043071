import { setMaxListeners } from 'node:events';
import type { Held, StoreSession } from '@tenure/core/store';
import { SessionGoneError } from '@tenure/core/store';
import { expect } from 'vitest';
import { expectGranted } from '../bench.ts';
import type { Bench } from '../bench.ts';
import type { Case } from '../case.ts';

/** A dead session never wins: it is told so, or held off. */
async function expectNoGrant(bench: Bench, session: StoreSession, { key, claimId }: Held): Promise<void> {
  const asked = session.claim(key, bench.record(undefined, claimId), bench.signal);
  const outcome = await asked.catch((error: unknown) => error);
  if (outcome instanceof Error) expect(outcome).toBeInstanceOf(SessionGoneError);
  else expect(outcome).toMatchObject({ outcome: 'held' });
}

export const parkCases: readonly Case[] = [
  {
    name: 'wakes a parked claim when the holder releases, and the claim is granted when it asks again',
    run: async (bench) => {
      const holder = await bench.session();
      const waiter = await bench.session();
      const granted = await bench.grant(holder, bench.key());
      const record = bench.record();
      const held = await bench.wait(waiter, bench.key(), record);
      const turn = bench.turn(waiter, held);
      await holder.release(bench.key(), granted.claimId, bench.signal);
      await bench.soon(turn, 'waking after a release');
      const won = await bench.win(waiter, bench.key(), record);
      expect(won.token > granted.token).toBe(true);
    },
  },
  {
    name: 'wakes a parked claim when the holder closes its session',
    run: async (bench) => {
      const holder = await bench.session();
      const waiter = await bench.session();
      await bench.grant(holder, bench.key());
      const record = bench.record();
      const held = await bench.wait(waiter, bench.key(), record);
      const turn = bench.turn(waiter, held);
      await holder.close(bench.signal);
      await bench.soon(turn, 'waking after the end of a session');
      await bench.win(waiter, bench.key(), record);
    },
  },
  {
    name: 'wakes a parked claim when the session of the holder has expired',
    run: async (bench) => {
      const waiter = await bench.session();
      await bench.grant(await bench.mortal(), bench.key());
      const record = bench.record();
      const held = await bench.wait(waiter, bench.key(), record);
      await bench.within(bench.turn(waiter, held), bench.expiryMs, 'waking after an expiry');
      await bench.win(waiter, bench.key(), record, bench.expiryMs);
    },
  },
  {
    name: 'wakes a parked claim when an operator deletes the key',
    needs: ['deleteKey'],
    run: async (bench) => {
      const waiter = await bench.session();
      await bench.grant(await bench.session(), bench.key());
      const record = bench.record();
      const held = await bench.wait(waiter, bench.key(), record);
      const turn = bench.turn(waiter, held);
      await bench.options.deleteKey?.(bench.key());
      await bench.soon(turn, 'waking after a deletion');
      await bench.win(waiter, bench.key(), record);
    },
  },
  {
    name: 'does not keep a claim parked that could have been granted before it parked',
    run: async (bench) => {
      const holder = await bench.session();
      const waiter = await bench.session();
      const granted = await bench.grant(holder, bench.key());
      const record = bench.record();
      const held = await bench.wait(waiter, bench.key(), record);
      await holder.release(bench.key(), granted.claimId, bench.signal);
      await bench.soon(bench.turn(waiter, held), 'noticing a release that came before the park');
      await bench.win(waiter, bench.key(), record);
    },
  },
  {
    name: 'rejects an aborted park with the reason of the signal, a hundred of them at once',
    run: async (bench) => {
      const waiter = await bench.session();
      await bench.grant(await bench.session(), bench.key());
      const leave = new AbortController();
      setMaxListeners(0, leave.signal);
      const parks = await Promise.all(
        Array.from({ length: 100 }, async () => {
          const held = await bench.wait(waiter, bench.key());
          return { held, park: waiter.park(held, leave.signal) };
        }),
      );
      const reason = new Error('changed my mind');
      const rejections = parks.map(({ park }) => park.catch((error: unknown) => error));
      leave.abort(reason);
      const seen = await bench.soon(Promise.all(rejections), 'the end of aborted parks');
      // A store may wake a park for nothing, so some may have ended before.
      expect(seen.every((error) => error === reason || error === undefined)).toBe(true);
      for (const { held } of parks) await waiter.release(bench.key(), held.claimId, bench.signal);
      await waiter.renew(bench.signal);
    },
  },
  {
    name: 'never grants a key to a waiter whose session has expired, although the holder leaves',
    run: async (bench) => {
      const holder = await bench.session();
      const zombie = await bench.mortal();
      const granted = await bench.grant(holder, bench.key());
      const held = await bench.wait(zombie, bench.key());
      const parked = zombie.park(held, bench.signal).catch(() => {});
      await bench.pass(bench.expiryMs);
      await holder.release(bench.key(), granted.claimId, bench.signal);
      await expectNoGrant(bench, zombie, held);
      expectGranted(await (await bench.session()).claim(bench.key(), bench.record(), bench.signal));
      await expectNoGrant(bench, zombie, held);
      await bench.soon(parked, 'the end of the park of a dead session');
    },
  },
  {
    name: 'never grants a key to a waiter whose session was closed while it waited',
    run: async (bench) => {
      const holder = await bench.session();
      const zombie = await bench.session();
      const granted = await bench.grant(holder, bench.key());
      const held = await bench.wait(zombie, bench.key());
      await zombie.close(bench.signal);
      await holder.release(bench.key(), granted.claimId, bench.signal);
      await expectNoGrant(bench, zombie, held);
      await bench.grant(await bench.session(), bench.key());
    },
  },
  {
    name: 'does not lose the last of a queue when one in the middle releases, closes or expires',
    run: async (bench) => {
      const holder = await bench.session();
      const last = await bench.session();
      const middle = [await bench.session(), await bench.session(), await bench.mortal()] as const;
      const granted = await bench.grant(holder, bench.key());
      const waiting = await Promise.all(middle.map((session) => bench.wait(session, bench.key())));
      const record = bench.record();
      await bench.wait(last, bench.key(), record);
      const won = bench.win(last, bench.key(), record, bench.expiryMs * 2);
      await middle[0].release(bench.key(), waiting[0]?.claimId ?? '', bench.signal);
      await middle[1].close(bench.signal);
      await bench.pass(bench.expiryMs);
      const shown = await (await bench.store()).holder(bench.key(), bench.signal);
      expect(shown?.token).toBe(granted.token);
      await holder.release(bench.key(), granted.claimId, bench.signal);
      expect((await won).token > granted.token).toBe(true);
    },
  },
];
