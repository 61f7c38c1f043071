import { InvalidArgumentError } from '@tenure/core';
import type { Clock } from '@tenure/core';
import { refuseUnknown, systemClock } from '@tenure/core/store';
import type { OnMissed } from './plan.ts';
import { cronTicks, everyTicks } from './ticks.ts';
import type { Ticks } from './ticks.ts';

export interface ScheduleOptions {
  /** What the ledger knows it by, so that all replicas must agree. @default the cron text, or `every ${everyMs} ms` */
  readonly name?: string;
  /** IANA name of the zone in which the cron text is read. Give one: replicas may run in different ones. @default the machine's */
  readonly timezone?: string;
  /**
   * What a crash does to the tick that was running. `at-most-once`: it is decided before the job starts, and lost.
   * `at-least-once`: it is decided when the job has settled, and run again by the next leader. @default 'at-most-once'
   */
  readonly guarantee?: 'at-most-once' | 'at-least-once';
  /**
   * What becomes of ticks whose time has come while nobody looked. `skip`: the latest runs if it is at most `lateMs`
   * late. `run-once`: the latest runs however late. `run-all`: all run, oldest first, the latest 1000 at most.
   * @default 'skip' for at-most-once, 'run-all' for at-least-once, which refuses 'skip'
   */
  readonly onMissed?: OnMissed;
  /**
   * What becomes of a tick that comes while the job still runs. At most 1000 queue.
   * @default 'skip' for at-most-once; 'queue' for at-least-once, which drops no tick unless it is told to
   */
  readonly overlap?: 'skip' | 'queue';
  /** Milliseconds after which the job's signal aborts. @default never */
  readonly atMostFor?: number;
  /** How long after `atMostFor` the job may take to settle, in milliseconds, until the schedule goes on without it. @default 10000 */
  readonly graceMs?: number;
  /** Ticks that are due within so many milliseconds of a run's start are skipped, whoever leads. @default 0 */
  readonly atLeastFor?: number;
  /** A random delay of up to so many milliseconds before each run. @default 0 */
  readonly jitterMs?: number;
  /** With onMissed 'skip': how late the latest tick may still run, in milliseconds. @default 60000 */
  readonly lateMs?: number;
  /** For tests. @default the machine's clocks */
  readonly clock?: Clock;
}

export interface Resolved {
  readonly name: string;
  readonly ticks: Ticks;
  readonly guarantee: 'at-most-once' | 'at-least-once';
  readonly onMissed: OnMissed;
  readonly overlap: 'skip' | 'queue';
  readonly atMostFor: number | undefined;
  readonly graceMs: number;
  readonly atLeastFor: number;
  readonly jitterMs: number;
  readonly lateMs: number;
  readonly clock: Clock;
}

const NAMES = [
  'name',
  'timezone',
  'guarantee',
  'onMissed',
  'overlap',
  'atMostFor',
  'graceMs',
  'atLeastFor',
  'jitterMs',
  'lateMs',
  'clock',
] as const;

/** A hundred years: what is longer is a mistake, and may be no date. */
const MOST_MS = 100 * 365.25 * 86_400_000;

/** @throws InvalidArgumentError */
export function resolveOptions(
  cron: string | undefined,
  options: ScheduleOptions & { readonly everyMs?: number },
): Resolved {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null)
    throw new InvalidArgumentError(`schedule needs its options as an object, got ${String(given)}`);
  refuseUnknown('schedule', options, cron === undefined ? [...NAMES, 'everyMs'] : NAMES);
  const { guarantee = 'at-most-once', clock = systemClock } = options;
  oneOf('guarantee', guarantee, ['at-most-once', 'at-least-once']);
  const [onMissedByDefault, overlapByDefault] =
    guarantee === 'at-most-once' ? (['skip', 'skip'] as const) : (['run-all', 'queue'] as const);
  const { onMissed = onMissedByDefault, overlap = overlapByDefault } = options;
  oneOf('onMissed', onMissed, ['skip', 'run-once', 'run-all']);
  oneOf('overlap', overlap, ['skip', 'queue']);
  if (guarantee === 'at-least-once' && onMissed === 'skip') {
    throw new InvalidArgumentError(
      'onMissed: "skip" with guarantee: "at-least-once" would drop the very ticks that a crash must not lose; use "run-once" or "run-all"',
    );
  }
  const { atMostFor, graceMs = 10_000, atLeastFor = 0, jitterMs = 0, lateMs = 60_000 } = options;
  if (atMostFor !== undefined) checkDuration('atMostFor', atMostFor, 1);
  for (const [name, value] of Object.entries({ graceMs, atLeastFor, jitterMs, lateMs }))
    checkDuration(name, value, 0);
  const ticks = ticksOf(cron, options, clock);
  const { name = cron ?? `every ${options.everyMs} ms` } = options;
  checkName(name);
  return {
    name,
    ticks,
    guarantee,
    onMissed,
    overlap,
    atMostFor,
    graceMs,
    atLeastFor,
    jitterMs,
    lateMs,
    clock,
  };
}

function ticksOf(
  cron: string | undefined,
  { everyMs, timezone }: ScheduleOptions & { readonly everyMs?: number },
  clock: Clock,
): Ticks {
  if (cron === undefined) {
    if (timezone !== undefined)
      throw new InvalidArgumentError(
        `timezone ${JSON.stringify(timezone)} means nothing to everyMs, which counts from 1970; leave it out, or give a cron text`,
      );
    return everyTicks(everyMs as number);
  }
  const ticks = cronTicks(cron, timezone);
  const { wallMs } = clock.now();
  if (ticks.next(wallMs) === undefined && ticks.latest(1, wallMs).length === 0)
    throw new InvalidArgumentError(`"${cron}" never comes: there is no such date`);
  return ticks;
}

function checkName(name: unknown): void {
  if (typeof name !== 'string' || name === '')
    throw new InvalidArgumentError(`name must be a text that is not empty, got ${JSON.stringify(name)}`);
}

function oneOf(name: string, value: string, known: readonly string[]): void {
  if (!known.includes(value)) {
    const choice = known.map((each) => `"${each}"`).join(' or ');
    throw new InvalidArgumentError(`${name} must be ${choice}, got ${JSON.stringify(value)}`);
  }
}

function checkDuration(name: string, value: unknown, leastMs: number): void {
  if (!(typeof value === 'number' && value >= leastMs && value <= MOST_MS)) {
    throw new InvalidArgumentError(
      `${name} must be ${leastMs} to ${MOST_MS} milliseconds (a hundred years), got ${String(value)}`,
    );
  }
}
