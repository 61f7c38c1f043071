import type { VenueKind } from '../servers/venue.ts';
import { brokenWord } from './broken-word.ts';
import { Dice } from './dice.ts';
import type { Fault, Need } from './fault.ts';
import { networkFaults } from './network-faults.ts';
import { processFaults } from './process-faults.ts';
import { serverFaults } from './server-faults.ts';

/** Faults that come together, for how long, and how long it is calm afterwards. */
export interface Episode {
  readonly faults: readonly { readonly fault: Fault; readonly ms: number; readonly dice: Dice }[];
  readonly calmMs: number;
}

export interface Course {
  readonly kind: VenueKind;
  readonly seed: number;
  readonly ttlMs: number;
}

const WORD_IS_BROKEN = 0.12;

/** The same for the same seed, store, number and machine, whatever happened before. */
export function episode(
  { kind, seed, ttlMs }: Course,
  number: number,
  had: (need: Need) => boolean,
): Episode {
  const dice = new Dice(seed * 1009 + number * 7919);
  dice.roll();
  const here = (faults: readonly Fault[]): Fault[] =>
    faults.filter(({ kinds, needs }) => kinds.includes(kind) && (needs === undefined || had(needs)));
  const chosen = dice.chance(WORD_IS_BROKEN)
    ? [dice.pick(here(brokenWord))]
    : together(dice, [here(processFaults), here(networkFaults), here(serverFaults)]);
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
