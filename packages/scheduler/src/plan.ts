import type { Ticks } from './ticks.ts';

/** What becomes of ticks whose time has come without anyone looking. */
export type OnMissed = 'skip' | 'run-once' | 'run-all';

/** So many ticks wait for their run at most: of those that were missed, and of those that queue. */
export const MOST_RUNS = 1000;

/** So many that don't run are counted. Beyond it they are only known to be more. */
const MOST_COUNTED = 100;

export interface PlanRequest {
  readonly ticks: Ticks;
  /** Everything up to here was planned before. */
  readonly lastMs: number;
  readonly nowMs: number;
  readonly onMissed: OnMissed;
  /** With `skip`: how late the latest tick may still run. */
  readonly lateMs: number;
}

/** Ticks that will not run. */
interface Missed {
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly count: number;
  /** There were more than are counted. */
  readonly more?: true;
}

export interface Plan {
  /** Oldest first. */
  readonly runs: readonly number[];
  readonly missed?: Missed;
  /** The latest tick that was due; undefined when none was. Everything up to here is planned now. */
  readonly upToMs?: number;
}

/**
 * What becomes of the ticks in (lastMs, nowMs]: each runs or is missed. Used when a term begins and at every wake-up,
 * for a leader whose process was blocked, or whose machine slept, is as late as a successor. Its cost is bounded,
 * however long ago `lastMs` is.
 */
export function plan({ ticks, lastMs, nowMs, onMissed, lateMs }: PlanRequest): Plan {
  const mostRuns = onMissed === 'run-all' ? MOST_RUNS : 1;
  const { due, firstMs, more } = dueTicks(ticks, lastMs, nowMs, mostRuns + MOST_COUNTED);
  const upToMs = due.at(-1);
  if (upToMs === undefined || firstMs === undefined) return { runs: [] };
  const tooLate = onMissed === 'skip' && nowMs - upToMs > lateMs;
  const runs = tooLate ? [] : due.slice(-mostRuns);
  const missed = due.slice(0, due.length - runs.length);
  const untilMs = missed.at(-1);
  if (untilMs === undefined) return { runs, upToMs };
  const rest: Missed = { sinceMs: firstMs, untilMs, count: missed.length };
  return { runs, upToMs, missed: more ? { ...rest, more } : rest };
}

interface Due {
  /** The latest ones, oldest first. */
  readonly due: readonly number[];
  readonly firstMs?: number | undefined;
  /** There were earlier ones. */
  readonly more: boolean;
}

/** The ticks in (lastMs, nowMs], the latest `most` of them. */
export function dueTicks(ticks: Ticks, lastMs: number, nowMs: number, most: number): Due {
  const due: number[] = [];
  const firstMs = ticks.next(lastMs);
  // From the oldest on, for there is hardly ever more than one; then, where that takes long, from the latest back.
  for (let tick = firstMs; tick !== undefined && tick <= nowMs; tick = ticks.next(tick)) {
    if (due.push(tick) <= Math.min(most, MOST_COUNTED + 1)) continue;
    const latest = ticks.latest(most, nowMs).filter((each) => each > lastMs);
    return { due: latest, firstMs, more: firstMs !== undefined && firstMs < (latest[0] ?? firstMs) };
  }
  return { due, firstMs, more: false };
}
