import type { Cluster } from '../servers/cluster.ts';
import type { Venue, VenueKind } from '../servers/venue.ts';
import type { Chronicle } from './chronicle.ts';
import type { Berth, Crew } from './crew.ts';
import type { Dice } from './dice.ts';

export interface Scene {
  readonly venue: Venue;
  readonly crew: Crew;
  readonly chronicle: Chronicle;
  readonly ttlMs: number;
}

/** Makes it right again. Resolves when it is. */
export type Heal = () => Promise<void>;

/** A file system of its own for the store's data; hosts of their own for its members. */
export type Need = 'disk' | 'hosts';

export interface Fault {
  readonly name: string;
  readonly kinds: readonly VenueKind[];
  /** It makes the store break its word: then it comes alone, and overlaps are counted apart for so long. */
  readonly excusesMs?: (ttlMs: number) => number;
  /** Two that touch the same thing do not come together. */
  readonly touches: 'process' | 'network' | 'server';
  /** How long it lasts, in TTLs; 0: it is over at once. */
  readonly lastsTtl: readonly [min: number, max: number];
  /** What not every machine can give; without it there is no such fault. */
  readonly needs?: Need;
  /** Comes before it counts: the store keeps its word until this is done. */
  readonly prepare?: (scene: Scene, dice: Dice) => Promise<void>;
  readonly strike: (scene: Scene, dice: Dice, ms: number) => Promise<Heal>;
}

export const nothingToHeal: Heal = async () => {};

/** The leader of some key, whoever that is when it happens. */
export const someLeader = ({ crew }: Scene, dice: Dice): Berth => crew.leaderOf(dice.pick(crew.keys));

export function clusterOf({ venue }: Scene): Cluster {
  if (!venue.cluster) throw new Error(`${venue.kind} has no server`);
  return venue.cluster;
}

/** One leader, or some of the others with it, or everybody. As many throws of the dice whatever comes out. */
export function someBerths(scene: Scene, dice: Dice): Berth[] {
  const leader = someLeader(scene, dice);
  const others = dice.some(scene.crew.berths, dice.whole(0, 2));
  return dice.chance(0.2) ? [...scene.crew.berths] : [...new Set([leader, ...others])];
}
