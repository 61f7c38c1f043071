import { setTimeout as pause } from 'node:timers/promises';
import type { Settings } from '../arguments.ts';
import { median, nowMs } from '../measure.ts';
import { meterOf } from '../meter.ts';
import type { Meter } from '../meter.ts';
import type { Place } from '../place.ts';
import { Replica } from '../replica.ts';
import type { Sample } from '../standing.ts';

const TTLS = 3;
const RENEWALS = 3;
const CHANGES = 3;
/** What a change is followed by is over by then. */
const SETTLED_MS = 500;

/** What a renewal takes of a process that leads, or follows, a single key: some look at their keys as well. */
export interface PerRenewal {
  readonly led: number;
  readonly followed: number;
}

export interface Rest {
  readonly led: Sample;
  readonly followed: Sample;
}

/** Undefined where nobody counts requests. */
export async function perRenewalOf(place: Place, settings: Settings): Promise<PerRenewal | undefined> {
  const rest = await atRest(place, settings, ['rest-1'], undefined);
  return rest && { led: rest.led['perRenewal']!, followed: rest.followed['perRenewal']! };
}

/** What these keys cost while nothing happens to them: led by one process, then followed by another as well. */
export async function atRest(
  place: Place,
  { namespace, ttlMs }: Settings,
  keys: readonly string[],
  perRenewal: PerRenewal | undefined,
): Promise<Rest | undefined> {
  await using meter = await meterOf(place);
  if (!meter) return undefined;
  const plan = { storeUrl: meter.url, namespace, ttlMs };
  await using leader = new Replica(plan);
  await leader.ask({ order: 'lead', keys });
  const led = await idle(meter, [leader], ttlMs, perRenewal?.led);
  await using follower = new Replica(plan);
  await follower.ask({ order: 'follow', keys });
  const followed = await idle(meter, [leader, follower], ttlMs, perRenewal?.followed);
  const changes: number[] = [];
  for (const key of keys.slice(0, CHANGES)) {
    const since = nowMs();
    const requests = await change(meter, leader, follower, key);
    // Without what would have been asked anyway, as far as that can be told; a change takes a request at least.
    const anyway = (followed['idlePerSecond']! * (nowMs() - since)) / 1000;
    changes.push(Math.max(1, requests - anyway));
  }
  return { led, followed: { ...followed, changeRequests: median(changes) } };
}

async function idle(
  meter: Meter,
  replicas: readonly Replica[],
  ttlMs: number,
  perRenewal: number | undefined,
): Promise<Sample> {
  const renewals = async (): Promise<number> => {
    const answers = await Promise.all(replicas.map((replica) => replica.ask({ order: 'measure' })));
    return answers.reduce((sum, answer) => sum + (answer.renewals ?? 0), 0);
  };
  // What follows the last grant is over when each has renewed its session for a TTL.
  for (let renewed = 0; renewed < RENEWALS; renewed += 1)
    await Promise.all(replicas.map((replica) => replica.ask({ order: 'calm' })));
  const before = { requests: await meter.requests(), renewals: await renewals() };
  await pause(TTLS * ttlMs); // the period that is measured
  const requests = (await meter.requests()) - before.requests;
  const renewed = (await renewals()) - before.renewals;
  const seconds = (TTLS * ttlMs) / 1000;
  return {
    idlePerSecond: requests / seconds,
    renewalsPerSecond: renewed / seconds,
    idlePerTtl: requests / TTLS,
    perRenewal: requests / renewed,
    ...(perRenewal === undefined ? {} : { beyondPerTtl: (requests - renewed * perRenewal) / TTLS }),
  };
}

async function change(meter: Meter, leader: Replica, follower: Replica, key: string): Promise<number> {
  const before = await meter.requests();
  const won = follower.ask({ order: 'won', key });
  await leader.ask({ order: 'resign', key });
  await won;
  await pause(SETTLED_MS);
  return (await meter.requests()) - before;
}
