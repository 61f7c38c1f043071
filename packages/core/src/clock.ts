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

/** Whole milliseconds of the wall clock and the time between two readings make the clocks differ by so much at most. */
const NOISE_MS = 20;

/**
 * The same deadline, as far away as the nearer of its halves says. Where the clocks have parted, the other half is
 * derived anew: a wall clock that was set back would otherwise hide a suspend that follows, and a suspend would be
 * forgotten by a wall clock that is set back after it. Noise is left alone, for it would add up over many readings.
 */
export const rebase = (deadline: Instant, now: Instant): Instant => {
  const monoMs = deadline.monoMs - now.monoMs;
  const wallMs = deadline.wallMs - now.wallMs;
  if (wallMs > monoMs) return { monoMs: deadline.monoMs, wallMs: now.wallMs + monoMs };
  return monoMs - wallMs > NOISE_MS ? { monoMs: now.monoMs + wallMs, wallMs: deadline.wallMs } : deadline;
};

// Taken when the module loads, so that fake timers which a user's tests install later do not freeze renewals.
const { setTimeout, clearTimeout } = globalThis;
const monotonicMs = performance.now.bind(performance);
const wallMs = Date.now.bind(Date);

/** Longest single sleep: far below the 2³¹−1 ms at which Node's timers overflow, and the delay after which a resumed machine looks at its wall clock. */
const NAP_MS = 1000;

interface Alarm {
  readonly at: Instant;
  readonly due: () => void;
  timer?: NodeJS.Timeout;
}

/** Alarms that are more than a nap away share one timer: ten thousand who wait need no timer each. */
const far = new Set<Alarm>();
let nap: NodeJS.Timeout | undefined;

function lookAtFar(): void {
  const now = systemClock.now();
  nap = undefined;
  for (const alarm of far) {
    if (remainingMs(alarm.at, now) > NAP_MS) continue;
    far.delete(alarm);
    arm(alarm, now);
  }
  if (far.size > 0) nap ??= setTimeout(lookAtFar, NAP_MS);
}

function arm(alarm: Alarm, now: Instant): void {
  const leftMs = remainingMs(alarm.at, now);
  if (leftMs > NAP_MS) {
    far.add(alarm);
    nap ??= setTimeout(lookAtFar, NAP_MS);
    return;
  }
  alarm.timer = setTimeout(() => {
    const then = systemClock.now();
    // Timers may fire a fraction of a millisecond early; sleep again rather than report too soon.
    if (remainingMs(alarm.at, then) === 0) alarm.due();
    else arm(alarm, then);
  }, Math.ceil(leftMs));
}

function disarm(alarm: Alarm): void {
  clearTimeout(alarm.timer);
  if (!far.delete(alarm) || far.size > 0) return;
  clearTimeout(nap);
  nap = undefined;
}

export const systemClock: Clock = {
  now: () => ({ monoMs: monotonicMs(), wallMs: wallMs() }),
  alarm(at, due) {
    const alarm: Alarm = { at, due };
    arm(alarm, systemClock.now());
    return () => disarm(alarm);
  },
};

let told = { wallMs: 0, text: new Date(0).toISOString() };

/** RFC 3339 in UTC, for records that people read. Many share a millisecond: the last one is kept. */
export const rfc3339 = ({ wallMs: at }: Instant): string => {
  if (told.wallMs !== at) told = { wallMs: at, text: new Date(at).toISOString() };
  return told.text;
};
