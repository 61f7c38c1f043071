import { PATIENT_TTL_MS } from '../contestant.ts';
import type { Client, Contestant } from '../contestant.ts';
import { tenureLock, tenureStore } from '../contestants/tenure.ts';
import { fields } from '../fields.ts';
import { atOnce, nowMs, oneByOne, percentile, rotated } from '../measure.ts';
import type { Effort } from '../measure.ts';
import { spotOf, standingsOf, withClients } from '../scenario.ts';
import type { Scenario } from '../scenario.ts';
import type { Sample } from '../standing.ts';

const LANES = 64;
/** A run is made of short blocks, so that everybody meets the same noise. */
const BLOCKS = 4;
/** The compiler has seen the code by then, and connections are made. */
const WARM_UP_MS = 500;
/** A pair takes microseconds where nothing is asked of anybody. */
const MORE_IN_MEMORY = 20;

let keys = 0;

/** A key that nobody has ever had. */
const turn = async (client: Client): Promise<void> => {
  const hold = await client.acquire(`fresh-${(keys += 1)}`);
  await hold.release();
};

class Tally {
  readonly #tookMs: number[] = [];
  readonly #efforts: Effort[] = [];

  async block(client: Client, count: number): Promise<void> {
    this.#tookMs.push(...(await oneByOne(count, () => turn(client))));
  }

  async crowd(client: Client, count: number): Promise<void> {
    this.#efforts.push(await atOnce(LANES, count, () => turn(client)));
  }

  get sample(): Sample {
    const sum = (of: (effort: Effort) => number): number =>
      this.#efforts.reduce((total, effort) => total + of(effort), 0);
    const pairs = sum(({ count }) => count);
    return {
      p50Ms: percentile(this.#tookMs, 50),
      p99Ms: percentile(this.#tookMs, 99),
      rate: (1000 * pairs) / sum(({ elapsedMs }) => elapsedMs),
      cpuUs: sum(({ cpuUs }) => cpuUs) / pairs,
    };
  }
}

async function run(
  clients: ReadonlyMap<Contestant, readonly Client[]>,
  count: number,
  first: number,
): Promise<ReadonlyMap<Contestant, Sample>> {
  const tallies = new Map([...clients.keys()].map((contestant) => [contestant, new Tally()]));
  const each = Math.ceil(count / BLOCKS);
  for (let block = 0; block < BLOCKS; block += 1) {
    for (const [contestant, [client]] of rotated([...clients], first + block))
      await tallies.get(contestant)!.block(client!, each);
  }
  for (let block = 0; block < BLOCKS; block += 1) {
    for (const [contestant, [client]] of rotated([...clients], first + block))
      await tallies.get(contestant)!.crowd(client!, Math.max(LANES, count));
  }
  return new Map([...tallies].map(([contestant, tally]) => [contestant, tally.sample]));
}

export const uncontended: Scenario = {
  name: 'uncontended',
  what: ({ count }) =>
    `acquire and release a fresh key: ${count} one after another; ${BLOCKS * Math.max(LANES, count)} with ${LANES} at once`,
  columns: [
    { measure: 'p50Ms', title: 'p50 ms', overFloor: true },
    { measure: 'p99Ms', title: 'p99 ms' },
    { measure: 'rate', title: 'pairs/s at once', overFloor: true },
    { measure: 'cpuUs', title: 'client CPU µs', overFloor: true },
  ],
  suits: () => true,
  play: async (place, settings) => {
    const contestants = [...fields[place.store].uncontended, tenureLock, tenureStore];
    const spot = spotOf(place, settings, PATIENT_TTL_MS);
    const count = settings.count * (place.store === 'memory' ? MORE_IN_MEMORY : 1);
    return withClients(contestants, 1, spot, async (clients) => {
      for (const [, [client]] of clients) {
        const until = nowMs() + WARM_UP_MS;
        while (nowMs() < until) await atOnce(LANES, LANES, () => turn(client!));
      }
      const samples = new Map<Contestant, Sample[]>(contestants.map((contestant) => [contestant, []]));
      for (let done = 0; done < settings.runs; done += 1)
        for (const [contestant, sample] of await run(clients, count, done))
          samples.get(contestant)!.push(sample);
      return standingsOf('uncontended', place, samples);
    });
  },
};
