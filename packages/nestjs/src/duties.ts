import { Logger } from '@nestjs/common';
import type {
  BeforeApplicationShutdown,
  OnApplicationBootstrap,
  OnApplicationShutdown,
} from '@nestjs/common';
import { InvalidArgumentError } from '@tenure/core';
import type { Tenure, Term } from '@tenure/core';
import { schedule } from '@tenure/scheduler';
import type { Job, Run } from '@tenure/scheduler';
import type { TenureElections } from './elections.ts';
import { leaderOnly } from './leader-only.ts';
import type { LeaderOnlyMark } from './leader-only.ts';
import { LeaderWork } from './leader-work.ts';
import type { Marked, MarkedMethod } from './marked.ts';
import type { Settings } from './options.ts';
import { pause } from './pause.ts';
import { singletonCron } from './singleton-cron.ts';
import type { SingletonCronMark } from './singleton-cron.ts';

/** Something that runs, and gives up its candidacy when it stops. */
interface Duty {
  stop(): Promise<void>;
}

/** What this application does while it leads: from when it has started until it shuts down. */
export class Duties implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  readonly #tenure: Tenure;
  readonly #elections: TenureElections;
  readonly #marked: Marked;
  readonly #settings: Settings;
  readonly #logger = new Logger('Tenure');
  readonly #running: Duty[] = [];

  constructor(tenure: Tenure, elections: TenureElections, marked: Marked, settings: Settings) {
    this.#tenure = tenure;
    this.#elections = elections;
    this.#marked = marked;
    this.#settings = settings;
  }

  async onApplicationBootstrap(): Promise<void> {
    try {
      this.#marked.refuseSecond();
      const works = this.#marked.find(leaderOnly);
      const jobs = this.#marked.find(singletonCron);
      refuseShared(works, jobs);
      for (const job of jobs) this.#running.push(this.#schedule(job));
      for (const work of works) this.#running.push(this.#lead(work));
    } catch (error) {
      // Nest calls no hook of an application that did not start.
      await this.beforeApplicationShutdown();
      await this.#tenure.close();
      throw error;
    }
  }

  /** Others take over before the server of this application closes; locks of requests that it still answers are kept. */
  async beforeApplicationShutdown(): Promise<void> {
    const { clock, graceMs } = this.#settings;
    const stopped = new AbortController();
    const all = Promise.all(this.#running.map((each) => each.stop())).finally(() => stopped.abort());
    await Promise.race([all, pause(clock, graceMs, stopped.signal)]);
  }

  onApplicationShutdown(): Promise<void> {
    return this.#tenure.close();
  }

  #lead({ name, mark, call }: MarkedMethod<LeaderOnlyMark>): Duty {
    const { clock } = this.#settings;
    const run = call as (term: Term) => unknown;
    const election = this.#elections.of(mark.key ?? name);
    const work = new LeaderWork(election, { name, run, retryMs: mark.retryMs, clock, logger: this.#logger });
    work.start();
    return work;
  }

  #schedule({ name, mark, call }: MarkedMethod<SingletonCronMark>): Duty {
    const { clock } = this.#settings;
    const job = call as Job;
    const election = this.#elections.of(mark.key);
    const options = { name, ...mark.options, clock };
    const made =
      typeof mark.when === 'string'
        ? schedule(election, mark.when, job, options)
        : schedule(election, job, { ...options, ...mark.when });
    made.runs.subscribe((run) => this.#log(run));
    return { stop: async () => void (await Promise.all([made.stop(), election.stop()])) };
  }

  #log(run: Run): void {
    const tick = `${run.name}, due at ${run.scheduledAt.toISOString()}`;
    if (run.kind === 'failed') {
      const { error } = run;
      this.#logger.error(
        `${tick}, failed: ${String(error)}`,
        error instanceof Error ? error.stack : undefined,
      );
    } else if (run.kind === 'missed') {
      this.#logger.warn(`${tick}: ${run.count}${run.more ? ' or more' : ''} such were missed`);
    }
  }
}

/** A method that fails takes its candidate out of the election, and with it all else that stands by that. */
function refuseShared(
  works: readonly MarkedMethod<LeaderOnlyMark>[],
  jobs: readonly MarkedMethod<SingletonCronMark>[],
): void {
  const owners = new Map(jobs.map(({ name, mark }) => [mark.key, `@SingletonCron ${name}`]));
  for (const { name, mark } of works) {
    const key = mark.key ?? name;
    const owner = owners.get(key);
    if (owner) {
      throw new InvalidArgumentError(
        `@LeaderOnly ${name} and ${owner} have the same key "${key}": give a @LeaderOnly method one of its own`,
      );
    }
    owners.set(key, `@LeaderOnly ${name}`);
  }
}
