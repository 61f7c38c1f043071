import type { Held, StoreSession } from '@tenure/core/store';
import { expect } from 'vitest';
import type { Bench } from '../bench.ts';
import type { Case } from '../case.ts';

const MANY = 20;

const told = (held: Held | undefined): unknown =>
  held && { outcome: held.outcome, key: held.key, claimId: held.claimId, token: held.holder?.token };

/** As the core has it: everybody who is asked about is parked. */
async function parked(
  bench: Bench,
  waiter: StoreSession,
  name: string,
): Promise<{ readonly held: Held; readonly isWoken: () => boolean }> {
  const held = await bench.wait(waiter, bench.key(name));
  let woken = false;
  const wake = (): void => void (woken = true);
  waiter.park(held, bench.signal).then(wake, wake);
  return { held, isWoken: () => woken };
}

export const recheckCases: readonly Case[] = [
  {
    name: 'lets many who wait for holders that live wait on, in the order in which they were asked about',
    run: async (bench) => {
      const [holder, waiter] = [await bench.session(), await bench.session()];
      if (!waiter.recheck) return;
      const names = Array.from({ length: MANY }, (_, index) => `job ${index}`);
      for (const name of names) await bench.grant(holder, bench.key(name));
      const waits = await Promise.all(names.map((name) => parked(bench, waiter, name)));
      const helds = waits.map(({ held }) => held);
      await bench.eventually(async () => {
        const answers = await waiter.recheck!(helds, bench.signal);
        expect(answers.map(told)).toEqual(helds.map(told));
      });
    },
  },
  {
    name: 'has whoever waits for a key that was given up, or whose holder is dead, woken or told to ask',
    run: async (bench) => {
      const [holder, mortal, waiter] = [await bench.session(), await bench.mortal(), await bench.session()];
      if (!waiter.recheck) return;
      const granted = await bench.grant(holder, bench.key('given up'));
      await bench.grant(mortal, bench.key('orphaned'));
      await bench.grant(holder, bench.key('kept'));
      const names = ['given up', 'orphaned', 'kept'];
      const waits = await Promise.all(names.map((name) => parked(bench, waiter, name)));
      const helds = waits.map(({ held }) => held);
      await holder.release(bench.key('given up'), granted.claimId, bench.signal);
      await bench.pass(bench.expiryMs);
      await bench.eventually(async () => {
        const answers = await waiter.recheck!(helds, bench.signal);
        const mayAsk = waits.map(({ isWoken }, index) => isWoken() || answers[index] === undefined);
        expect(mayAsk.slice(0, 2)).toEqual([true, true]);
      });
      await bench.win(waiter, bench.key('given up'), bench.record(undefined, helds[0]?.claimId));
      await bench.win(waiter, bench.key('orphaned'), bench.record(undefined, helds[1]?.claimId));
    },
  },
  {
    name: 'has whoever waits for a key that an operator has deleted woken or told to ask',
    needs: ['deleteKey'],
    run: async (bench) => {
      const waiter = await bench.session();
      if (!waiter.recheck) return;
      await bench.grant(await bench.session(), bench.key());
      const { held, isWoken } = await parked(bench, waiter, bench.key().name);
      await bench.options.deleteKey?.(bench.key());
      await bench.eventually(async () => {
        const [answer] = await waiter.recheck!([held], bench.signal);
        expect(isWoken() || answer === undefined).toBe(true);
      });
      await bench.win(waiter, bench.key(), bench.record(undefined, held.claimId));
    },
  },
];
