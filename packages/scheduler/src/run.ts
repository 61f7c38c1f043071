interface Tick {
  /** Of the schedule. */
  readonly name: string;
  /** The tick: the time at which it was due, not the time at which it ran. */
  readonly scheduledAt: Date;
  /** When this happened, by this machine's clock. */
  readonly at: Date;
}

interface Started {
  readonly kind: 'started';
  readonly token: bigint;
}

interface Succeeded {
  readonly kind: 'succeeded';
  readonly token: bigint;
  readonly durationMs: number;
}

interface Failed {
  readonly kind: 'failed';
  readonly token: bigint;
  readonly durationMs: number;
  readonly error: unknown;
  /** It had not settled `graceMs` after `atMostFor`, and may still be running beside what comes next. */
  readonly overrun?: true;
}

/**
 * `overlap`: the run before was not over. `at-least-for`: due before `atLeastFor` had passed. `ran-before`: it was
 * decided already, and the clock shows its time once more. `stopped` and `term-over` are not decided: whoever leads
 * next finds them missed.
 */
interface Skipped {
  readonly kind: 'skipped';
  readonly reason: 'overlap' | 'at-least-for' | 'ran-before' | 'stopped' | 'term-over';
}

/** Ticks that nobody ran in time. `scheduledAt` is the last of them. */
interface MissedTicks {
  readonly kind: 'missed';
  /** The first of them. */
  readonly since: Date;
  readonly count: number;
  /** There were more than `count`. */
  readonly more?: true;
}

export type RunDetail = Started | Succeeded | Failed | Skipped | MissedTicks;

/** What became of a tick. */
export type Run = Tick & RunDetail;
