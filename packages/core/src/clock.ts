/**
 * An instant is a pair of readings, because neither clock alone tells how long we were away:
 * the monotonic one stands still while the machine is suspended, the wall one can be set back.
 * Only differences mean anything. Never add readings up: their noise would add up too.
 */
export interface Instant {
  readonly monoMs: number;
  readonly wallMs: number;
}

/** The only source of time in Tenure; tests replace it. */
export interface Clock {
  now(): Instant;
  /** Call `due` once either clock has passed `at`. Returns the cancellation. */
  alarm(at: Instant, due: () => void): () => void;
}

export const later = (instant: Instant, ms: number): Instant => ({
  monoMs: instant.monoMs + ms,
  wallMs: instant.wallMs + ms,
});

/** A deadline is past when *either* clock has passed it. */
export const isPast = (deadline: Instant, now: Instant): boolean =>
  now.monoMs >= deadline.monoMs || now.wallMs >= deadline.wallMs;

/** Milliseconds until the first of the two clocks passes `deadline`; 0 when one has. */
export const remainingMs = (deadline: Instant, now: Instant): number =>
  Math.max(0, Math.min(deadline.monoMs - now.monoMs, deadline.wallMs - now.wallMs));

export const earliest = (...instants: readonly (Instant | undefined)[]): Instant | undefined =>
  instants.reduce(
    (first, next) => (first && next && first.monoMs <= next.monoMs ? first : (next ?? first)),
    undefined,
  );

/**
 * The same deadline after the wall clock may have been set back. A step back would leave the wall half of
 * the deadline far in the future, and a suspend that follows (monotonic clock standing still) would then pass
 * unnoticed. So the wall half may only ever come nearer: it is re-derived from the monotonic half. A step
 * forward is not undone: it may have been a suspend.
 */
export const rebase = (deadline: Instant, now: Instant): Instant => {
  const wallMs = now.wallMs + (deadline.monoMs - now.monoMs);
  return wallMs < deadline.wallMs ? { monoMs: deadline.monoMs, wallMs } : deadline;
};

// Taken when the module loads, so that fake timers which a user's tests install later do not freeze renewals.
const { setTimeout, clearTimeout } = globalThis;
const monotonicMs = performance.now.bind(performance);
const wallMs = Date.now.bind(Date);

/** Longest single sleep: far below the 2³¹−1 ms at which Node's timers overflow, and the delay after which a resumed machine looks at its wall clock. */
const NAP_MS = 1000;

export const systemClock: Clock = {
  now: () => ({ monoMs: monotonicMs(), wallMs: wallMs() }),
  alarm(at, due) {
    let timer: NodeJS.Timeout;
    const nap = (): void => {
      const leftMs = remainingMs(at, systemClock.now());
      // Timers may fire a fraction of a millisecond early; sleep again rather than report too soon.
      if (leftMs === 0) due();
      else timer = setTimeout(nap, Math.min(Math.ceil(leftMs), NAP_MS));
    };
    timer = setTimeout(nap, Math.min(Math.ceil(remainingMs(at, systemClock.now())), NAP_MS));
    return () => clearTimeout(timer);
  },
};

/** RFC 3339 in UTC, for records that people read. */
export const rfc3339 = (instant: Instant): string => new Date(instant.wallMs).toISOString();
