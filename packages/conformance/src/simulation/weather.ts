import type { Dice } from './dice.ts';
import type { Call, Fault } from '../unreliable.ts';

/** What one process's way to the store is like. Shares are of its calls, and the first that applies is taken. */
export interface Weather {
  readonly name: string;
  /** At most so long on the way there, and on the way back. */
  readonly latencyMs: number;
  readonly lost?: number;
  readonly refused?: number;
  readonly unanswered?: number;
  readonly hung?: number;
  /** Of those that hang: done all the same. */
  readonly applied?: number;
  readonly late?: number;
  readonly twice?: number;
  /** What the store would say unasked is dropped. */
  readonly deaf?: boolean;
}

export const calm = (ttlMs: number): Weather => ({ name: 'calm', latencyMs: ttlMs / 100 });

/** By name, with how often they come. */
const kinds = {
  calm: { weight: 2, of: calm },
  slow: { weight: 2, of: (ttlMs: number) => ({ name: 'slow', latencyMs: ttlMs / 10 }) },
  lossy: {
    weight: 2,
    of: (ttlMs: number) => ({ ...calm(ttlMs), name: 'lossy', lost: 0.2, unanswered: 0.3 }),
  },
  'cut off': { weight: 1, of: (ttlMs: number) => ({ ...calm(ttlMs), name: 'cut off', hung: 1 }) },
  swallowed: {
    weight: 2,
    of: (ttlMs: number) => ({ ...calm(ttlMs), name: 'swallowed', hung: 0.5, applied: 0.8 }),
  },
  /** Now and then an answer that is almost too late, and nothing else until a session is about to end. */
  brink: {
    weight: 3,
    of: (ttlMs: number) => ({ name: 'brink', latencyMs: ttlMs / 9, hung: 0.75, applied: 0.3 }),
  },
  late: { weight: 2, of: (ttlMs: number) => ({ ...calm(ttlMs), name: 'late', late: 0.4 }) },
  twice: { weight: 1, of: (ttlMs: number) => ({ ...calm(ttlMs), name: 'twice', twice: 0.5 }) },
  busy: { weight: 1, of: (ttlMs: number) => ({ ...calm(ttlMs), name: 'busy', refused: 0.6 }) },
} as const satisfies Record<string, { readonly weight: number; readonly of: (ttlMs: number) => Weather }>;

type Kind = keyof typeof kinds;
const weights = Object.fromEntries(
  Object.entries(kinds).map(([name, { weight }]) => [name, weight]),
) as Record<Kind, number>;

/** What is the same for the whole history. */
export interface Circumstances {
  readonly ttlMs: number;
  /** What the store says unasked may never arrive. */
  readonly deafness: boolean;
}

export function weatherOf(dice: Dice, { ttlMs, deafness }: Circumstances): Weather {
  const weather: Weather = kinds[dice.draw(weights)].of(ttlMs);
  return deafness && dice.happens(0.3) ? { ...weather, name: `${weather.name}, deaf`, deaf: true } : weather;
}

/** What goes wrong with this call; in the best of weathers it still takes its time. */
export function faultOf(
  weather: Weather,
  { verb }: Call,
  dice: Dice,
  { ttlMs, deafness }: Circumstances,
): Fault {
  const { lost = 0, refused = 0, unanswered = 0, hung = 0, applied = 0, late = 0, twice = 0 } = weather;
  const requestMs = dice.next() * weather.latencyMs;
  const answerMs = dice.next() * weather.latencyMs;
  if (dice.happens(lost)) return { kind: 'lost' };
  if (dice.happens(refused)) return { kind: 'refused' };
  if (dice.happens(unanswered)) return { kind: 'unanswered' };
  if (dice.happens(hung)) {
    // Nobody else ends a watch that says nothing: that is the store's to notice. A park without an answer is a wake-up
    // that never comes.
    if (verb === 'watch' || (verb === 'park' && !deafness)) return { kind: 'lost' };
    return { kind: 'hung', applied: dice.happens(applied) };
  }
  // Less than a TTL: so long the core counts with requests that are still on their way.
  if (dice.happens(late)) {
    const totalMs = dice.next() * 0.9 * ttlMs;
    const share = dice.next();
    return { kind: 'late', requestMs: totalMs * share, answerMs: totalMs * (1 - share) };
  }
  if (verb !== 'close' && dice.happens(twice)) {
    // A claim that arrives once more after its release is a ghost that only the end of its session removes: nothing
    // promises anything then.
    const againMs = verb === 'claim' ? 0 : dice.next() * 0.9 * ttlMs;
    return { kind: 'twice', requestMs, answerMs, againMs };
  }
  return { kind: 'late', requestMs, answerMs };
}
