import type { Clock, Instant } from '@tenure/core';
import { later } from '@tenure/core/store';
import { dateOf } from './date.ts';
import type { Job } from './job.ts';

export type Outcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly error: unknown; readonly overrun?: true };

interface Circumstances {
  readonly job: Job;
  readonly tickMs: number;
  readonly token: bigint;
  /** Aborts when the term ends, or is asked to. */
  readonly termSignal: AbortSignal;
  readonly atMostFor: number | undefined;
  readonly graceMs: number;
  readonly clock: Clock;
}

/** A job at work: its signal, and how long we wait for it. */
export class Attempt {
  /** Never rejects. */
  readonly settled: Promise<Outcome>;
  readonly startedAt: Instant;
  readonly #around: Circumstances;
  readonly #stop = new AbortController();
  #resolve: (outcome: Outcome) => void = () => {};
  #asked = false;
  #isSettled = false;
  /** When to tell it to stop; afterwards when to give up on it. */
  #limit: { readonly at: Instant; readonly due: () => void } | undefined;
  #cancel: (() => void) | undefined;
  readonly #follow = (): void => this.ask(this.#around.termSignal.reason);

  constructor(around: Circumstances) {
    this.#around = around;
    const { clock, termSignal, atMostFor } = around;
    this.startedAt = clock.now();
    this.settled = new Promise((resolve) => (this.#resolve = resolve));
    // By hand: what AbortSignal.any makes is kept as long as the term's signal, in Node 20.
    termSignal.addEventListener('abort', this.#follow, { once: true });
    if (atMostFor !== undefined) {
      this.#limit = { at: later(this.startedAt, atMostFor), due: () => this.#expire(atMostFor) };
    }
    this.arm();
  }

  /** @returns what it came to. Call once. */
  start(): Promise<Outcome> {
    const { job, tickMs, token } = this.#around;
    const run = { scheduledAt: dateOf(tickMs), token, signal: this.#stop.signal };
    new Promise((resolve) => {
      resolve(job(run));
    }).then(
      () => this.#settle({ ok: true }),
      (error: unknown) => this.#settle({ ok: false, error }),
    );
    return this.settled;
  }

  /** Whether it was told to stop because the term ends or the schedule stops. */
  get asked(): boolean {
    return this.#asked;
  }

  ask(reason: unknown): void {
    if (this.#isSettled) return;
    this.#asked = true;
    this.#stop.abort(reason);
  }

  /** Watch its time. Timers exist only while a term is held: a job that outlives one is watched again in the next. */
  arm(): void {
    this.disarm();
    if (this.#limit && !this.#isSettled)
      this.#cancel = this.#around.clock.alarm(this.#limit.at, this.#limit.due);
  }

  disarm(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #expire(atMostFor: number): void {
    const { clock, graceMs } = this.#around;
    const error = new DOMException(`the job ran for ${atMostFor} ms, its atMostFor`, 'TimeoutError');
    this.#stop.abort(error);
    const overrun = new Error(
      `the job has not settled ${graceMs} ms after it was told to stop, and may still be running`,
      { cause: error },
    );
    // From now: a process that was blocked has not given it any grace yet.
    this.#limit = {
      at: later(clock.now(), graceMs),
      due: () => this.#settle({ ok: false, error: overrun, overrun: true }),
    };
    this.arm();
  }

  #settle(outcome: Outcome): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.disarm();
    this.#around.termSignal.removeEventListener('abort', this.#follow);
    this.#resolve(outcome);
  }
}
