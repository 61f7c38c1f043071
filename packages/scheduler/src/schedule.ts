import { InvalidArgumentError } from '@tenure/core';
import type { Election } from '@tenure/core';
import type { Observable } from 'rxjs';
import type { Job } from './job.ts';
import { LiveSchedule } from './live-schedule.ts';
import { resolveOptions } from './options.ts';
import type { ScheduleOptions } from './options.ts';
import type { Run } from './run.ts';

/** A job that runs at certain times, on the replica that leads. */
export interface Schedule {
  readonly name: string;
  /** What becomes of each tick, on this replica. Hot. Ends with `stop`. */
  readonly runs: Observable<Run>;
  /** The next tick by the clock, whoever leads; undefined when there is none any more. */
  next(): Date | undefined;
  /**
   * Start nothing new, and abort the signal of a job that runs. Resolves when that has settled: a job must not wait for
   * it. The election goes on.
   */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Names in use. A ledger can't tell two schedules of one name apart. */
const names = new WeakMap<Election, Set<string>>();

/**
 * Run `job` when `cron` says so, on the one replica that leads `election`; stands for it. Every replica makes the same
 * schedule. Ticks are kept in the checkpoint of the election's terms, so that a successor knows which of them are
 * decided: see the README for what a crash at any point does to a tick.
 * @throws InvalidArgumentError, ClosedError
 */
export function schedule(election: Election, cron: string, job: Job, options?: ScheduleOptions): Schedule;
/** Run `job` at the multiples of `everyMs` since 1970, which are the same on all replicas. */
export function schedule(
  election: Election,
  job: Job,
  options: ScheduleOptions & { readonly everyMs: number },
): Schedule;
export function schedule(
  election: Election,
  cronOrJob: string | Job,
  jobOrOptions: Job | (ScheduleOptions & { readonly everyMs: number }),
  cronOptions: ScheduleOptions = {},
): Schedule {
  const shape: Partial<Election> | undefined = election;
  if (typeof shape !== 'object' || typeof shape.acquired?.subscribe !== 'function')
    throw new InvalidArgumentError('schedule needs an election, such as tenure.election("jobs")');
  const [cron, job, given] =
    typeof cronOrJob === 'function'
      ? [undefined, cronOrJob, jobOrOptions as ScheduleOptions & { readonly everyMs: number }]
      : [cronOrJob, jobOrOptions, cronOptions];
  if (cron !== undefined && typeof cron !== 'string')
    throw new InvalidArgumentError(`schedule needs a cron text or a function, got ${String(cron)}`);
  if (typeof job !== 'function')
    throw new InvalidArgumentError(`schedule needs a function to run, got ${typeof job}`);
  const options = resolveOptions(cron, given);
  const { name } = options;
  const taken = names.get(election) ?? new Set();
  names.set(election, taken);
  if (taken.has(name)) {
    throw new InvalidArgumentError(
      `"${name}" is scheduled on election "${election.key}" already; give each of its schedules a name of its own: { name: … }`,
    );
  }
  election.start();
  taken.add(name);
  const live = new LiveSchedule(job, options, () => taken.delete(name));
  live.follow(election);
  return live;
}
