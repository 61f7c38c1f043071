import { setTimeout as pause } from 'node:timers/promises';
import { createTenure, openStore } from '@tenure/core';
import type { Store, Tenure } from '@tenure/core';
import { PATIENT_TTL_MS } from '../contestant.ts';
import { nowMs, percentile } from '../measure.ts';
import { meterOf } from '../meter.ts';
import type { Scenario } from '../scenario.ts';
import type { Sample } from '../standing.ts';

const OBSERVERS = 1000;
const FEWER = 15;
/** The stragglers of one change are no part of the next. */
const SETTLED_MS = 100;

/** Until all of them have seen the next leader, in milliseconds since `since`. */
class Gallery {
  #left = 0;
  #seen: (at: number) => void = () => {};

  constructor(tenure: Tenure, key: string, observers: number) {
    for (let made = 0; made < observers; made += 1) {
      tenure.observe(key).subscribe((leader) => {
        if (!leader) return;
        this.#left -= 1;
        if (this.#left === 0) this.#seen(nowMs());
      });
    }
  }

  next(observers: number): Promise<number> {
    this.#left = observers;
    return new Promise((resolve) => {
      this.#seen = resolve;
    });
  }
}

export const observe: Scenario = {
  name: 'observe',
  what: () =>
    'a free key is taken: from the call until its holder, and until the last observer of another client, knows',
  columns: [
    { measure: 'acquireMs', title: 'holder knows, p50 ms' },
    { measure: 'lastMs', title: 'last observer, p50 ms' },
    { measure: 'worstMs', title: 'p99 ms' },
    { measure: 'requests', title: 'requests of take and release' },
  ],
  suits: () => true,
  play: async (place, { runs, count, namespace }) => {
    await using meter = await meterOf(place);
    const open = (): Promise<Store> => (meter ? openStore(meter.url) : place.openStore());
    const changes = Math.max(2, Math.ceil(count / FEWER));
    const play = async (observers: number, run: number): Promise<Sample> => {
      const options = { namespace: `${namespace}-${run}-${observers}`, ttlMs: PATIENT_TTL_MS };
      await using holder = createTenure({ store: await open(), ...options });
      await using watching = createTenure({ store: await open(), ...options });
      const gallery = new Gallery(watching, 'seen', observers);
      const lock = holder.lock('seen');
      const take = async (): Promise<readonly [acquiredMs: number, lastMs: number]> => {
        const seen = gallery.next(observers);
        const since = nowMs();
        const term = await lock.acquire();
        const acquiredMs = nowMs() - since;
        const lastMs = (await seen) - since;
        await term.release();
        await pause(SETTLED_MS);
        return [acquiredMs, lastMs];
      };
      // Connections are made by then, and watches stand.
      await take();
      const before = await meter?.requests();
      const taken: (readonly [number, number])[] = [];
      for (let done = 0; done < changes; done += 1) taken.push(await take());
      const after = await meter?.requests();
      const last = taken.map(([, lastMs]) => lastMs);
      return {
        acquireMs: percentile(
          taken.map(([acquiredMs]) => acquiredMs),
          50,
        ),
        lastMs: percentile(last, 50),
        worstMs: percentile(last, 99),
        ...(before === undefined || after === undefined ? {} : { requests: (after - before) / changes }),
      };
    };
    const samples = new Map<number, Sample[]>([
      [1, []],
      [OBSERVERS, []],
    ]);
    for (let run = 0; run < runs; run += 1)
      for (const [observers, played] of samples) played.push(await play(observers, run));
    return [...samples].map(([observers, played]) => ({
      scenario: 'observe',
      store: place.store,
      name: `Tenure, ${observers} ${observers === 1 ? 'observer' : 'observers'}`,
      role: 'tenure',
      samples: played,
    }));
  },
};
