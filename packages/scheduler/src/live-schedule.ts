import type { Election } from '@tenure/core';
import type { Observable, Subscription } from 'rxjs';
import type { Attempt } from './attempt.ts';
import { dateOf } from './date.ts';
import type { ScheduleHost } from './host.ts';
import type { Job } from './job.ts';
import type { Resolved } from './options.ts';
import type { Run, RunDetail } from './run.ts';
import { Runs } from './runs.ts';
import type { Schedule } from './schedule.ts';
import { Shift } from './shift.ts';

/** A schedule of this process: follows its election from term to term. */
export class LiveSchedule implements Schedule, ScheduleHost {
  readonly name: string;
  readonly runs: Observable<Run>;
  readonly job: Job;
  readonly options: Resolved;
  readonly #runs: Runs;
  readonly #onStopped: () => void;
  #running: Attempt | undefined;
  #subscription: Subscription | undefined;
  #shift: Shift | undefined;
  /** What terms before this one have left under way. */
  #past: Promise<unknown> = Promise.resolve();
  #stopping: Promise<void> | undefined;

  constructor(job: Job, options: Resolved, onStopped: () => void) {
    this.name = options.name;
    this.job = job;
    this.options = options;
    this.#onStopped = onStopped;
    this.#runs = new Runs(options.name);
    this.runs = this.#runs.stream;
  }

  get running(): Attempt | undefined {
    return this.#running;
  }

  follow(election: Election): void {
    this.#subscription = election.acquired.subscribe((term) => {
      if (term === this.#shift?.term || !term.isCurrent() || term.signal.aborted) return;
      this.#shift?.end('term-over');
      this.#past = Promise.all([this.#past, this.#shift?.settled]);
      this.#shift = new Shift(this, term);
    });
  }

  begin(attempt: Attempt): void {
    this.#running = attempt;
    void attempt.settled.then(() => (this.#running = undefined));
  }

  tell(tickMs: number, detail: RunDetail): void {
    const { name, clock } = this.options;
    this.#runs.tell({ name, scheduledAt: dateOf(tickMs), at: dateOf(clock.now().wallMs), ...detail });
  }

  trouble(error: unknown): void {
    process.emitWarning(`schedule "${this.name}": ${String(error)}`, 'TenureWarning');
  }

  next(): Date | undefined {
    const { ticks, clock } = this.options;
    const tick = ticks.next(clock.now().wallMs);
    return tick === undefined ? undefined : dateOf(tick);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(): Promise<void> {
    this.#subscription?.unsubscribe();
    this.#shift?.end('stopped');
    this.#running?.ask(new DOMException(`schedule "${this.name}" was stopped`, 'AbortError'));
    await Promise.all([this.#past, this.#shift?.settled]);
    this.#onStopped();
    this.#runs.end();
  }
}
