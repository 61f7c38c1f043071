import { setTimeout as pause } from 'node:timers/promises';
import { createTenure } from '@tenure/core';
import type { Place } from '../place.ts';
import { median } from '../measure.ts';
import { Replica } from '../replica.ts';
import type { Scenario } from '../scenario.ts';

/** Side by side: each takes a TTL and longer. */
const TRIALS = 4;

interface Stage {
  readonly place: Place;
  readonly namespace: string;
  readonly ttlMs: number;
}

/** How many milliseconds each key was without a leader, by a machine's one clock. */
async function crashes({ place, namespace, ttlMs }: Stage, run: number): Promise<number[]> {
  const keys = Array.from({ length: TRIALS }, (_, trial) => `crash-${run}-${trial}`);
  await using successor = createTenure({ store: await place.openStore(), namespace, ttlMs });
  const plan = { storeUrl: place.url, namespace, ttlMs };
  const leaders = keys.map(() => new Replica(plan));
  try {
    await Promise.all(leaders.map((leader, trial) => leader.ask({ order: 'lead', keys: [keys[trial]!] })));
    return await Promise.all(
      leaders.map(async (leader, trial) => {
        const election = successor.election(keys[trial]!);
        const acquired = new Promise<bigint>((resolve) => {
          election.once('acquired', () => resolve(process.hrtime.bigint()));
        });
        const follows = new Promise<void>((resolve) => {
          election.standing.subscribe(({ role }) => role === 'follower' && resolve());
        });
        election.start();
        await follows;
        // Two periods of renewal: it is as likely to die just before one as just after.
        await leader.ask({ order: 'calm' });
        await pause((ttlMs / 3) * Math.random());
        const since = process.hrtime.bigint();
        await leader.kill();
        return Number((await acquired) - since) / 1e6;
      }),
    );
  } finally {
    await Promise.all(leaders.map((leader) => leader.kill()));
  }
}

export const crash: Scenario = {
  name: 'crash',
  what: ({ runs, ttlMs }) =>
    `a leader's process gets SIGKILL at any moment of its period of renewal, until the successor knows that it has won: ${runs * TRIALS} times, TTL ${ttlMs} ms`,
  columns: [
    { measure: 'minTtls', title: 'min TTLs' },
    { measure: 'medianTtls', title: 'median TTLs' },
    { measure: 'maxTtls', title: 'max TTLs' },
    { measure: 'trials', title: 'trials' },
  ],
  suits: (store) => store !== 'memory',
  play: async (place, { runs, namespace, ttlMs }) => {
    const tookMs: number[] = [];
    for (let run = 0; run < runs; run += 1) tookMs.push(...(await crashes({ place, namespace, ttlMs }, run)));
    const ttls = tookMs.map((ms) => ms / ttlMs);
    // One sample of all: the worst of a few says nothing.
    const sample = {
      minTtls: Math.min(...ttls),
      medianTtls: median(ttls),
      maxTtls: Math.max(...ttls),
      trials: ttls.length,
    };
    return [{ scenario: 'crash', store: place.store, name: 'Tenure', role: 'tenure', samples: [sample] }];
  },
};
