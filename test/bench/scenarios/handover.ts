import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { PATIENT_TTL_MS } from '../contestant.ts';
import type { Client, Contestant } from '../contestant.ts';
import { tenureElection } from '../contestants/tenure.ts';
import { fields } from '../fields.ts';
import { nowMs, percentile, rotated } from '../measure.ts';
import { spotOf, standingsOf, withClients } from '../scenario.ts';
import type { Scenario } from '../scenario.ts';
import type { Sample } from '../standing.ts';

/** Whoever has waited for so long is where it waits for good; and a poller is caught at any moment of its period. */
const OLD_MS = 200;
const JITTER_MS = 100;
/** Each takes that long, so there are fewer of them. */
const FEWER = 15;
const BLOCKS = 2;
const WARM_UPS = 4;

/** What the two of a contestant have come to, between blocks. */
interface Game {
  readonly clients: readonly Client[];
  readonly key: string;
  readonly tookMs: number[];
}

/** One holds and the other waits; then they change places. */
async function handOver({ clients, key, tookMs }: Game, count: number): Promise<void> {
  let [holder, waiter] = [clients[0]!, clients[1]!];
  let hold = await holder.acquire(key);
  for (let done = 0; done < count; done += 1) {
    const next = waiter.acquire(key).then((won) => ({ won, at: nowMs() }));
    await pause(OLD_MS + randomInt(JITTER_MS));
    const since = nowMs();
    const released = hold.release();
    const { won, at } = await next;
    tookMs.push(at - since);
    await released;
    hold = won;
    [holder, waiter] = [waiter, holder];
  }
  await hold.release();
}

export const handover: Scenario = {
  name: 'handover',
  what: ({ count }) =>
    `the holder resigns, until who has waited for ${OLD_MS} ms and more knows that it has won: ${handoversIn(count)} times, two clients in one process`,
  columns: [
    { measure: 'p50Ms', title: 'p50 ms', overFloor: true },
    { measure: 'p99Ms', title: 'p99 ms' },
  ],
  suits: () => true,
  play: async (place, settings) => {
    const contestants = [...fields[place.store].handover, tenureElection];
    const spot = spotOf(place, settings, PATIENT_TTL_MS);
    return withClients(contestants, 2, spot, async (open) => {
      const samples = new Map<Contestant, Sample[]>(contestants.map((contestant) => [contestant, []]));
      // Connections are made by then, and the compiler has seen the code.
      for (const [, clients] of open) await handOver({ clients, key: 'passed-first', tookMs: [] }, WARM_UPS);
      for (let run = 0; run < settings.runs; run += 1) {
        const tookMs = new Map<Contestant, number[]>(contestants.map((contestant) => [contestant, []]));
        for (let block = 0; block < BLOCKS; block += 1) {
          for (const contestant of rotated(contestants, run + block)) {
            const clients = open.get(contestant)!;
            // A new key each time: who has resigned stands back from the old one.
            const game = { clients, key: `passed-${run}-${block}`, tookMs: tookMs.get(contestant)! };
            await handOver(game, Math.ceil(handoversIn(settings.count) / BLOCKS));
          }
        }
        for (const [contestant, took] of tookMs)
          samples.get(contestant)!.push({ p50Ms: percentile(took, 50), p99Ms: percentile(took, 99) });
      }
      return standingsOf('handover', place, samples);
    });
  },
};

const handoversIn = (count: number): number => Math.max(BLOCKS, Math.ceil(count / FEWER));
