import { InvalidArgumentError } from './errors.ts';
import type { Traits } from './store.ts';

/** Every duration the machines use, in milliseconds. All derive from the TTL, so that they cannot contradict each other. */
export interface Timing {
  /** What is asked of the store. Deadlines come from what it grants. */
  readonly ttlMs: number;
  /** From one renewal to the next. */
  readonly renewMs: number;
  /** How long a verb may stay unanswered; `connectMs` for the one that opens a session, which may have to shake hands. */
  readonly patienceMs: number;
  readonly connectMs: number;
  /** How much faster or slower than the store's our clock may run, as a fraction. */
  readonly drift: number;
  /** Taken off every deadline, so that we stop before the store lets anyone else start. */
  readonly marginMs: number;
  /** How often a live session looks at both clocks, whatever else happens. */
  readonly pulseMs: number;
  /** Waits between failures grow from `minMs` to `maxMs`, or to `downMs` when no deadline presses. */
  readonly backOff: { readonly minMs: number; readonly maxMs: number; readonly downMs: number };
  /** A waiter asks again after so long at the latest, for wake-ups that never came. */
  readonly recheckMs: number;
}

/** The part of {@link Timing} that a user may set; the rest follows. */
export interface TimingOptions {
  /** @default `ttlMs / 3` */
  readonly renewMs?: number;
  /** @default `ttlMs / 10` */
  readonly marginMs?: number;
  /** @default 0.01 */
  readonly drift?: number;
}

const positive = (name: string, value: number): void => {
  if (!(Number.isFinite(value) && value > 0)) {
    throw new InvalidArgumentError(`${name} must be a positive number of milliseconds, got ${String(value)}`);
  }
};

/**
 * @throws InvalidArgumentError when a value makes no sense, the store does not grant such a TTL, or two renewals
 * would not fit into a TTL after one that failed.
 */
export function deriveTiming(
  ttlMs: number,
  options: TimingOptions,
  store: { name: string; traits: Traits },
): Timing {
  const { renewMs = ttlMs / 3, marginMs = ttlMs / 10, drift = 0.01 } = options;
  positive('ttlMs', ttlMs);
  positive('renewMs', renewMs);
  const { minTtlMs, maxTtlMs } = store.traits;
  if (ttlMs < minTtlMs || ttlMs > maxTtlMs) {
    throw new InvalidArgumentError(
      `ttlMs must be between ${minTtlMs} and ${maxTtlMs} for the ${store.name} store, got ${ttlMs}`,
    );
  }
  if (!(marginMs >= 0 && marginMs < ttlMs)) {
    throw new InvalidArgumentError(
      `marginMs must be at least 0 and less than ttlMs (${ttlMs}), got ${marginMs}`,
    );
  }
  if (!(drift >= 0 && drift < 0.5)) {
    throw new InvalidArgumentError(`drift must be a fraction between 0 and 0.5, got ${drift}`);
  }
  // All derive from the TTL, but a TTL of hours must not make anybody wait for hours.
  const patienceMs = Math.min((renewMs * 3) / 8, 10_000);
  const backOff = {
    minMs: Math.min(ttlMs / 300, 1000),
    maxMs: Math.min(ttlMs / 30, 5000),
    downMs: Math.min(ttlMs / 3, 30_000),
  };
  const neededMs = renewMs + 3 * patienceMs + 2 * backOff.maxMs;
  const usableMs = provableMs(ttlMs, { drift, marginMs });
  if (neededMs > usableMs) {
    throw new InvalidArgumentError(
      `renewMs ${renewMs} leaves no room for two more renewals after a failed one: they need ${Math.ceil(neededMs)} ms ` +
        `of the ${Math.floor(usableMs)} ms that ttlMs ${ttlMs}, marginMs ${marginMs} and drift ${drift} leave`,
    );
  }
  return {
    ttlMs,
    renewMs,
    patienceMs,
    connectMs: Math.min(renewMs, 20_000),
    drift,
    marginMs,
    pulseMs: Math.min(ttlMs / 10, 1000),
    backOff,
    recheckMs: Math.min(ttlMs * 4, 600_000),
  };
}

/** So often what certainly was not applied is asked again soon, and is neither a failure nor jeopardy. */
export const FREE_REFUSALS = 3;

/** How much of a TTL a holder can be sure of, counted from when it was asked for (S1). */
export const provableMs = (ttlMs: number, { drift, marginMs }: Pick<Timing, 'drift' | 'marginMs'>): number =>
  ttlMs * (1 - drift) - marginMs;

/** Exponential, capped, and half of it left to chance. `jitter` is in [0, 1). */
export function backOffMs(
  failures: number,
  jitter: number,
  { backOff }: Timing,
  capMs: number = backOff.maxMs,
): number {
  return Math.min(capMs, backOff.minMs * 2 ** Math.min(failures, 30)) * (0.5 + jitter / 2);
}
