import type { VenueKind } from '../servers/venue.ts';
import { brokenWord } from './broken-word.ts';
import { Dice } from './dice.ts';
import type { Fault } from './fault.ts';
import { networkFaults } from './network-faults.ts';
import { partitionFaults } from './partition-faults.ts';
import { processFaults } from './process-faults.ts';
import { serverFaults } from './server-faults.ts';

/** Faults that come together, for how long, and how long it is calm afterwards. */
export interface Episode {
  readonly faults: readonly { readonly fault: Fault; readonly ms: number; readonly dice: Dice }[];
  readonly calmMs: number;
}

const WORD_IS_BROKEN = 0.12;

export interface EpisodeOptions {
  readonly kind: VenueKind;
  readonly seed: number;
  readonly number: number;
  readonly ttlMs: number;
  /** Whether the servers can be cut off from each other. */
  readonly apart: boolean;
}

/** The same for the same options, whatever happened before. */
export function episode({ kind, seed, number, ttlMs, apart }: EpisodeOptions): Episode {
  const dice = new Dice(seed * 1009 + number * 7919);
  dice.roll();
  const here = (faults: readonly Fault[]): Fault[] => faults.filter(({ kinds }) => kinds.includes(kind));
  const onServers = apart ? [...serverFaults, ...partitionFaults] : serverFaults;
  const chosen = dice.chance(WORD_IS_BROKEN)
    ? [dice.pick(here(brokenWord))]
    : together(dice, [here(processFaults), here(networkFaults), here(onServers)]);
  return {
    faults: chosen.map((fault) => ({
      fault,
      ms: Math.round(dice.between(...fault.lastsTtl) * ttlMs),
      dice: new Dice(dice.whole(0, 2 ** 32 - 1)),
    })),
    calmMs: Math.round(dice.between(0, 0.5) * ttlMs),
  };
}

/** One, two or three, of different sorts: of processes, which are the most, of the network, of servers. */
function together(dice: Dice, all: readonly (readonly Fault[])[]): Fault[] {
  const sorts = all.filter(({ length }) => length > 0);
  const count = dice.pick([1, 1, 1, 2, 2, 3]);
  const first = dice.pick([sorts[0]!, ...sorts]);
  const others = dice.some(
    sorts.filter((sort) => sort !== first),
    count - 1,
  );
  return [first, ...others].map((faults) => dice.pick(faults));
}
