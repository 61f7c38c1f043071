import { setImmediate as breathe } from 'node:timers/promises';
import { PATIENT_TTL_MS } from '../contestant.ts';
import type { Client, Contestant } from '../contestant.ts';
import { tenureLock } from '../contestants/tenure.ts';
import { fields } from '../fields.ts';
import { nowMs, percentile, rotated } from '../measure.ts';
import { spotOf, standingsOf, withClients } from '../scenario.ts';
import type { Scenario } from '../scenario.ts';
import type { Sample } from '../standing.ts';

/** Waiters that do not get their turn in time after all is over are a mistake of the contestant's. */
const DRAINED_WITHIN_MS = 60_000;

/** Everybody wants the same key again and again, holds it for no time, and begins again. */
async function contend(clients: readonly Client[], key: string, lastsMs: number): Promise<Sample> {
  const waitedMs: number[] = [];
  const turns = clients.map(() => 0);
  const over = nowMs() + lastsMs;
  let changes = 0;
  let last = -1;
  // What never waits for anything would leave timers no time. All go on together: one that came first would be alone.
  let breathing: Promise<void> | undefined;
  const breath = (): Promise<void> => {
    breathing ??= breathe().then(() => {
      breathing = undefined;
    });
    return breathing;
  };
  const play = async (client: Client, me: number): Promise<void> => {
    while (nowMs() < over) {
      const since = nowMs();
      const hold = await client.acquire(key);
      // Who still waits when it is over has waited for so long at least.
      waitedMs.push(Math.min(nowMs(), over) - since);
      if (nowMs() < over) {
        turns[me]! += 1;
        if (last !== me) changes += 1;
        last = me;
      }
      await hold.release();
      if (turns[me]! % 64 === 0) await breath();
    }
  };
  await drained(Promise.all(clients.map(play)));
  const longestMs = percentile(waitedMs, 100);
  const medianMs = percentile(waitedMs, 50);
  return {
    changes: (1000 * changes) / lastsMs,
    acquisitions: (1000 * turns.reduce((sum, count) => sum + count, 0)) / lastsMs,
    medianMs,
    longestMs,
    longestOverMedian: longestMs / medianMs,
    starved: turns.filter((count) => count === 0).length,
  };
}

async function drained(playing: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const why = `somebody still waits ${DRAINED_WITHIN_MS} ms after all had begun to leave`;
    timer = setTimeout(() => reject(new Error(why)), DRAINED_WITHIN_MS);
  });
  await Promise.race([playing, late]).finally(() => clearTimeout(timer));
}

export const contended: Scenario = {
  name: 'contended',
  what: ({ waiters, contendMs }) =>
    `${waiters} waiters on one key for ${contendMs} ms, each a client (a tenure, a session, connections) of its own in one process`,
  columns: [
    { measure: 'changes', title: 'owner changes/s', overFloor: true },
    { measure: 'acquisitions', title: 'acquisitions/s' },
    { measure: 'medianMs', title: 'median wait ms' },
    { measure: 'longestMs', title: 'longest ms' },
    { measure: 'longestOverMedian', title: 'longest / median' },
    { measure: 'starved', title: 'starved' },
  ],
  suits: () => true,
  play: async (place, settings) => {
    const { runs, waiters, contendMs } = settings;
    const contestants = [...fields[place.store].contended, tenureLock];
    const spot = spotOf(place, settings, PATIENT_TTL_MS);
    const samples = new Map<Contestant, Sample[]>(contestants.map((contestant) => [contestant, []]));
    for (let run = 0; run < runs; run += 1) {
      // One after another: so many clients of everybody at once are more than some servers bear.
      for (const contestant of rotated(contestants, run)) {
        const sample = await withClients([contestant], waiters, spot, async (open) => {
          const clients = open.get(contestant)!;
          // Connections and sessions are made by then.
          for (const [me, client] of clients.entries()) {
            const hold = await client.acquire(`first-${run}-${me}`);
            await hold.release();
          }
          return contend(clients, `wanted-${run}`, contendMs);
        });
        samples.get(contestant)!.push(sample);
      }
    }
    return standingsOf('contended', place, samples);
  },
};
