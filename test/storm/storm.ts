import { setTimeout as pause } from 'node:timers/promises';
import type { HistoryEvent } from '@tenure/conformance/history';
import { Disk } from '../servers/disk.ts';
import { whyNoHosts } from '../servers/hosts.ts';
import { openVenue } from '../servers/venue.ts';
import type { Venue, VenueKind } from '../servers/venue.ts';
import { Chronicle } from './chronicle.ts';
import { Crew } from './crew.ts';
import { episode } from './episode.ts';
import type { Scene } from './fault.ts';
import { Resources } from './resources.ts';
import { settled } from './settled.ts';

export interface StormOptions {
  readonly kind: VenueKind;
  readonly ms: number;
  readonly ttlMs: number;
  readonly seed: number;
  readonly processes?: number;
  readonly keys?: readonly string[];
  /** Of most processes: less than 0.99 breaks the promise on purpose, and must be found out. @default 1 */
  readonly clockRate?: number;
  /** Called with what happens next, for people who wait. */
  readonly tell?: (text: string) => void;
}

/** What happened, and what it is to be held to. */
export interface Storm {
  readonly options: StormOptions;
  readonly events: readonly HistoryEvent[];
  readonly keys: readonly string[];
  readonly endAt: number;
  readonly expiryMs: number;
  /** Writes that came with a token that was past. */
  readonly lateWrites: number;
}

const KEYS = ['red', 'green', 'blue'];

/** Processes over what ships, on real servers, and one episode of faults after another. */
export async function storm(options: StormOptions): Promise<Storm> {
  const { ms, ttlMs, processes = 6, keys = KEYS, clockRate = 1, tell = () => {} } = options;
  const venue = await stage(options, tell);
  const chronicle = new Chronicle();
  const resources = new Resources();
  try {
    const address = await resources.open();
    await using crew = await Crew.muster({
      venue,
      ttlMs,
      keys,
      processes,
      clockRate,
      chronicle,
      resources: address,
    });
    await settled(crew, chronicle, 0);
    const scene: Scene = { venue, crew, chronicle, ttlMs };
    const since = chronicle.now();
    for (let number = 1; chronicle.now() < since + ms; number += 1) {
      const { faults, calmMs } = episode(options, number, (need) => venue[need] !== undefined);
      const names = faults.map(({ fault, ms: lasts }) => `${fault.name} (${lasts} ms)`).join(', ');
      tell(`${(chronicle.now() / 1000).toFixed(1)} s: ${names}`);
      await Promise.all(faults.map(({ fault, ms: lasts, dice }) => befall(scene, fault, lasts, dice)));
      await settled(crew, chronicle, chronicle.now());
      await pause(calmMs);
    }
    return await concluded(options, { venue, crew, chronicle, resources });
  } finally {
    await resources.close();
    await venue.close();
  }
}

async function stage({ kind, ttlMs }: StormOptions, tell: (text: string) => void): Promise<Venue> {
  if (kind === 'etcd' || kind === 'consul') {
    const missing = await whyNoHosts();
    if (missing) tell(`the servers are not cut off from each other: ${missing}`);
    // Consul ends sessions that were renewed, when it has lost its leader. That is what the lock-delay is for.
    return openVenue(kind, { members: 3, apart: !missing, lockDelayMs: ttlMs });
  }
  if (kind !== 'redis' && kind !== 'sqlite') return openVenue(kind);
  const disk = await Disk.mount().catch((error: Error) => {
    tell(`the disk is never full: ${error.message}`);
  });
  return openVenue(kind, disk ? { disk } : {});
}

type Chosen = ReturnType<typeof episode>['faults'][number];

async function befall(scene: Scene, fault: Chosen['fault'], ms: number, dice: Chosen['dice']): Promise<void> {
  const { chronicle, ttlMs } = scene;
  const excusesMs = fault.excusesMs?.(ttlMs);
  const excuse = excusesMs === undefined ? {} : { excusesMs: excusesMs + SLACK_MS };
  await fault.prepare?.(scene, dice);
  chronicle.add({ what: 'fault', at: chronicle.now(), fault: fault.name, ...excuse });
  const heal = await fault.strike(scene, dice, ms);
  await pause(ms); // the fault itself
  await heal();
  // Nothing else happens before the old leader has noticed, or should have.
  await pause(excusesMs ?? 0);
  chronicle.add({ what: 'healed', at: chronicle.now(), fault: fault.name });
}

const OBSERVERS_MS = 14_000;

/** For the machine, which has few processors for many processes. */
const SLACK_MS = 250;

interface Stage {
  readonly venue: Venue;
  readonly crew: Crew;
  readonly chronicle: Chronicle;
  readonly resources: Resources;
}

/** Everybody leaves. */
async function concluded(
  options: StormOptions,
  { venue, crew, chronicle, resources }: Stage,
): Promise<Storm> {
  const { keys } = crew;
  const expiryMs = venue.expiryMs(options.ttlMs);
  // So long nothing happens that observers could miss. A look of theirs that was never answered is given up meanwhile.
  await pause(Math.max(2 * options.ttlMs + expiryMs, OBSERVERS_MS));
  const leavingAt = chronicle.now();
  await crew.close();
  const endAt = chronicle.now();
  const inventory = resources.inventory();
  const events = chronicle.history(inventory, leavingAt, endAt);
  const lateWrites = inventory.handled.filter(({ answer }) => answer.outcome === 'refused').length;
  return { options, events, keys, endAt, expiryMs, lateWrites };
}
