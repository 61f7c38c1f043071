import type { Settings } from '../arguments.ts';
import { meterOf } from '../meter.ts';
import type { Place } from '../place.ts';
import { Replica } from '../replica.ts';
import type { Scenario } from '../scenario.ts';
import type { Sample, Standing } from '../standing.ts';
import { atRest, perRenewalOf } from './at-rest.ts';

const KIB = 1024;
/** Held by a process that nothing else is asked of: far longer than it takes to win them all. */
const TTL_MS = 15_000;

const keysOf = (count: number, what: string): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${what}-${index + 1}`);

async function held(place: Place, { namespace }: Settings, count: number, run: number): Promise<Sample> {
  await using meter = await meterOf(place);
  const before = await meter?.sessions();
  const plan = { storeUrl: place.url, namespace: `${namespace}-${run}`, ttlMs: TTL_MS };
  await using replica = new Replica(plan);
  const answer = await replica.ask({ order: 'lead', keys: keysOf(count, 'held') });
  const { tookMs = 0, heap = 0, recordsHeap = 0 } = answer;
  const { connections = 0 } = await replica.ask({ order: 'measure' });
  const sessions = await meter?.sessions();
  return {
    acquireS: tookMs / 1000,
    totalHeapKb: heap / KIB / count,
    // In memory the store is in the process, and its queues with it.
    heapKb: (heap - recordsHeap) / KIB / count,
    connections,
    ...(sessions === undefined || before === undefined ? {} : { sessions: sessions - before }),
  };
}

async function claimed(place: Place, { namespace }: Settings, count: number): Promise<Sample> {
  await using replica = new Replica({ storeUrl: place.url, namespace, ttlMs: TTL_MS });
  const { tookMs = 0 } = await replica.ask({ order: 'claim by the floor', store: place.store, count });
  return { acquireS: tookMs / 1000 };
}

async function play(place: Place, settings: Settings): Promise<readonly Standing[]> {
  const { store } = place;
  const standings: Standing[] = [];
  const perRenewal = await perRenewalOf(place, settings);
  for (const count of settings.keys) {
    const floors: Sample[] = [];
    const ours: Sample[] = [];
    for (let run = 0; run < settings.runs; run += 1) {
      if (store !== 'memory') floors.push(await claimed(place, settings, count));
      ours.push(await held(place, settings, count, run));
    }
    // Nothing happens then, so that more than once would tell nothing more.
    const rest = await atRest(place, settings, keysOf(count, `rest-${count}`), perRenewal);
    const add = (name: string, role: 'floor' | 'tenure', samples: readonly Sample[]): void =>
      void (samples.length > 0 && standings.push({ scenario: 'scale', store, name, role, samples }));
    add(`floor, ${count} claims`, 'floor', floors);
    add(
      `Tenure, ${count} led`,
      'tenure',
      ours.map((sample, run) => (run === 0 ? Object.assign({}, sample, rest?.led) : sample)),
    );
    if (rest) add(`Tenure, ${count} followed`, 'tenure', [rest.followed]);
  }
  return standings;
}

export const scale: Scenario = {
  name: 'scale',
  what: ({ keys, ttlMs }) =>
    `${keys.join(', ')} elections of one process: to lead them, and what they cost in 3 TTLs of ${ttlMs} ms in which nothing happens; then followed by a second process, and one leader resigns`,
  columns: [
    { measure: 'acquireS', title: 's to hold all' },
    { measure: 'totalHeapKb', title: 'heap KB each' },
    { measure: 'heapKb', title: 'beyond record' },
    { measure: 'sessions', title: 'sessions' },
    { measure: 'connections', title: 'connections' },
    { measure: 'idlePerSecond', title: 'idle requests/s' },
    { measure: 'renewalsPerSecond', title: 'renewals/s' },
    { measure: 'idlePerTtl', title: 'requests/TTL' },
    { measure: 'beyondPerTtl', title: 'beyond renewals' },
    { measure: 'changeRequests', title: 'requests of a change' },
  ],
  suits: () => true,
  play,
};
