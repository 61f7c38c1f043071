import type { Dice } from './dice.ts';

/** What a history is played under. */
export interface Setting {
  readonly seed: number;
  readonly ttlMs: number;
  /** As promised to the core; clocks keep to it unless {@link wild}. */
  readonly drift: number;
  readonly marginMs: number;
  readonly processes: number;
  readonly keys: readonly string[];
  /** How long things go wrong. */
  readonly stormMs: number;
  /** Clocks drift more than promised, and are set just before a suspend or after it. */
  readonly wild: boolean;
  /** The store loses sessions, keys are deleted, stolen, taken by force. */
  readonly faithless: boolean;
  /** Notifications may be dropped: only asking again helps then. */
  readonly deafness: boolean;
  /** So long from one thing that goes wrong to the next, on average. */
  readonly meanCalmMs: number;
}

const drifts = [0.01, 0.01, 0.05, 0.15] as const;

export function settingOf(seed: number, dice: Dice): Setting {
  const ttlMs = dice.pick([2000, 3000, 4000]);
  const drift = dice.pick(drifts);
  return {
    seed,
    ttlMs,
    drift,
    // Without a margin nothing but the drift stands between one term and the next.
    marginMs: drift > 0.1 || dice.happens(0.6) ? 0 : ttlMs / 10,
    processes: 2 + Math.floor(dice.next() ** 2 * 6),
    keys: ['mail', 'cron', 'index'].slice(0, 1 + dice.below(3)),
    stormMs: dice.between(4, 10) * ttlMs,
    wild: dice.happens(0.15),
    faithless: dice.happens(0.35),
    deafness: dice.happens(0.25),
    meanCalmMs: dice.between(0.15, 1) * ttlMs,
  };
}

/** From the end of everything that goes wrong until somebody leads. */
export function leaderWithinMs({ ttlMs, deafness }: Setting): number {
  // Sessions of the dead expire after one TTL, who stands back does so for one, and who was told nothing asks again
  // after five at the latest.
  return (deafness ? 8 : 4) * ttlMs;
}

/** How far from true time a machine's clock runs, as a factor. */
export function rateOf({ drift, wild }: Setting, dice: Dice): number {
  if (wild) return dice.happens(0.5) ? dice.between(0.6, 1.4) : 1;
  // A hair less than promised: it is reals that are promised, and floating-point numbers that are compared.
  const most = drift * 0.999;
  return 1 + (dice.happens(0.6) ? dice.pick([-most, -most, most]) : dice.between(-most, most));
}
