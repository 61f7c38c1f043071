import { createTenure } from '@tenure/core';
import type { Term } from '@tenure/core';
import { memory } from '@tenure/core/memory';
import { deriveTiming, systemClock } from '@tenure/core/store';
import type { Granted } from '@tenure/core/store';
import { electionTransition } from '../../../packages/core/src/election/machine.ts';
import { initialElection } from '../../../packages/core/src/election/state.ts';
import type { ElectionEvent } from '../../../packages/core/src/election/state.ts';
import { nowMs, oneByOne, percentile } from '../measure.ts';
import type { Scenario } from '../scenario.ts';
import type { Sample } from '../standing.ts';

const LAPS = 50_000;
const READS = 1_000_000;
const PAIRS = 5000;

/** An election that stands, wins, leaves and lets go. */
function transitionsPerSecond(): number {
  const timing = deriveTiming(15_000, {}, memory());
  const key = { namespace: 'bench', name: 'core' };
  const granted: Granted = {
    outcome: 'granted',
    key,
    claimId: 'claim',
    token: 1n,
    checkpoint: undefined,
    announced: true,
  };
  const stamp = { at: systemClock.now(), jitter: 0.5, nonce: 'claim' };
  const lap: readonly ElectionEvent[] = [
    { ...stamp, type: 'usable' },
    { ...stamp, type: 'start' },
    { ...stamp, type: 'granted', granted },
    { ...stamp, type: 'stop', reason: 'released' },
    { ...stamp, type: 'released' },
  ];
  let state = initialElection;
  const since = nowMs();
  for (let done = 0; done < LAPS; done += 1)
    for (const event of lap) state = electionTransition(state, event, timing);
  const elapsedMs = nowMs() - since;
  if (state.phase !== 'idle') throw new Error(`the lap ended in "${state.phase}"`);
  return (1000 * LAPS * lap.length) / elapsedMs;
}

function readNs(term: Term): number {
  let current = 0;
  const since = process.hrtime.bigint();
  for (let done = 0; done < READS; done += 1) if (term.isCurrent()) current += 1;
  const elapsedNs = Number(process.hrtime.bigint() - since);
  if (current !== READS) throw new Error('the term ended while it was read');
  return elapsedNs / READS;
}

async function sample(): Promise<Sample> {
  await using tenure = createTenure({ store: memory(), ttlMs: 60_000 });
  const pairsMs = await oneByOne(PAIRS, async () => {
    const term = await tenure.lock('pair').acquire();
    await term.release();
  });
  const term = await tenure.lock('read').acquire();
  return {
    transitions: transitionsPerSecond(),
    pairUs: 1000 * percentile(pairsMs, 50),
    isCurrentNs: readNs(term),
  };
}

export const core: Scenario = {
  name: 'core',
  what: () => 'the election machine alone; acquire and release in memory; term.isCurrent()',
  columns: [
    { measure: 'transitions', title: 'transitions/s' },
    { measure: 'pairUs', title: 'acquire + release p50 µs' },
    { measure: 'isCurrentNs', title: 'isCurrent() ns' },
  ],
  suits: (store) => store === 'memory',
  play: async (place, { runs }) => {
    const samples: Sample[] = [];
    // The first one is the compiler's.
    for (let run = 0; run <= runs; run += 1) samples.push(await sample());
    return [
      { scenario: 'core', store: place.store, name: 'Tenure', role: 'tenure', samples: samples.slice(1) },
    ];
  },
};
