import { TermLostError } from '@tenure/core';
import type { Term } from '@tenure/core';
import { later } from '@tenure/core/store';
import { Attempt } from './attempt.ts';
import type { Outcome } from './attempt.ts';
import type { ScheduleHost } from './host.ts';
import type { Entry, Ledger } from './ledger.ts';
import { MOST_RUNS } from './plan.ts';

type Closing = 'stopped' | 'term-over';

/** The ticks that run in a term, one after another, and what of them is decided. */
export class Queue {
  readonly #host: ScheduleHost;
  readonly #term: Term;
  readonly #ledger: Ledger;
  readonly #waiting: number[] = [];
  /** Taken from the queue, and not decided yet: nothing later may be recorded. */
  #undecided: number | undefined;
  /** Every tick up to here was planned. */
  #upToMs: number;
  /** What was recorded last, stored or not. */
  #entry: Entry;
  #isWorking = false;
  #settled: Promise<void> = Promise.resolve();
  #closing: Closing | undefined;
  #hurry: () => void = () => {};

  constructor(host: ScheduleHost, term: Term, ledger: Ledger, entry: Entry) {
    this.#host = host;
    this.#term = term;
    this.#ledger = ledger;
    this.#entry = entry;
    this.#upToMs = entry.lastMs;
  }

  get upToMs(): number {
    return this.#upToMs;
  }

  /** Resolves when nothing is under way. Never rejects. */
  get settled(): Promise<void> {
    return this.#settled;
  }

  /**
   * `runs` are due, and all up to `upToMs` is planned. `catchUp`: their time came before this term, so they did not
   * come while a job ran that outlived another one.
   */
  take(runs: readonly number[], upToMs: number, catchUp: boolean): void {
    const { overlap, onMissed } = this.#host.options;
    const isBusy = this.#isWorking || this.#host.running !== undefined;
    const room = isBusy && overlap === 'skip' && !(catchUp && onMissed !== 'skip') ? 0 : MOST_RUNS;
    const taken = runs.slice(0, Math.max(0, room - this.#waiting.length));
    this.#upToMs = upToMs;
    this.#waiting.push(...taken);
    // Later than a tick that is still undecided: recorded together with it, never before.
    if (this.#waiting.length === 0 && this.#undecided === undefined) this.#recordSkipped(upToMs);
    if (!this.#isWorking && this.#waiting.length > 0) {
      this.#isWorking = true;
      this.#settled = this.#work();
    }
    for (const tick of runs.slice(taken.length)) {
      this.#host.tell(tick, { kind: 'skipped', reason: 'overlap' });
    }
  }

  /** Nothing new starts. */
  close(reason: Closing): void {
    if (this.#closing) return;
    this.#closing = reason;
    const dropped = this.#waiting.splice(0);
    this.#hurry();
    for (const tick of dropped) this.#host.tell(tick, { kind: 'skipped', reason });
  }

  async #work(): Promise<void> {
    for (let tick = this.#waiting.shift(); tick !== undefined; tick = this.#waiting.shift()) {
      this.#undecided = tick;
      try {
        await this.#carryOut(tick);
      } catch (error) {
        this.#host.trouble(error);
      }
    }
    this.#isWorking = false;
  }

  async #carryOut(tick: number): Promise<void> {
    const { jitterMs, guarantee } = this.#host.options;
    // A job that outlived its term.
    while (this.#host.running) await this.#host.running.settled;
    if (this.#refuse(tick)) return;
    if (tick < (this.#entry.untilMs ?? -Infinity)) {
      this.#host.tell(tick, { kind: 'skipped', reason: 'at-least-for' });
      this.#recordSkipped(this.#decide(tick));
      return;
    }
    if (jitterMs > 0) {
      await this.#delay(Math.random() * jitterMs);
      if (this.#refuse(tick)) return;
    }
    const letGo = this.#hold();
    if (!letGo) {
      this.#drop(tick);
      return;
    }
    try {
      await (guarantee === 'at-most-once' ? this.#atMostOnce(tick) : this.#atLeastOnce(tick));
    } finally {
      letGo();
    }
  }

  /** Recorded, then started: a crash between the two loses the tick. */
  async #atMostOnce(tick: number): Promise<void> {
    const { clock, atLeastFor } = this.#host.options;
    const before = this.#entry;
    const recorded = this.#record(this.#decide(tick), clock.now().wallMs + atLeastFor);
    const mine = this.#entry;
    try {
      await recorded;
    } catch (error) {
      // Stored or not: it does not run here, and the successor finds it decided, or due.
      if (error instanceof TermLostError) this.#drop(tick);
      else if (!this.#refuse(tick)) this.#fail(tick, error);
      return;
    }
    if (!this.#mayStart()) {
      // It was not begun, and the key is still held: the successor may have it.
      if (this.#term.isCurrent() && this.#entry === mine)
        await this.#record(before.lastMs, before.untilMs).catch(() => {});
      this.#refuse(tick);
      return;
    }
    await this.#attempt(tick);
  }

  /** Started, and recorded when it has settled: a crash between the two repeats the tick. */
  async #atLeastOnce(tick: number): Promise<void> {
    const [attempt, outcome] = await this.#attempt(tick);
    // What was told to stop and did not succeed is for the successor.
    if (!this.#term.isCurrent() || (attempt.asked && !outcome.ok)) return;
    await this.#record(this.#decide(tick)).catch((error: unknown) => this.#complain(error));
  }

  async #attempt(tick: number): Promise<readonly [Attempt, Outcome]> {
    const { token, signal: termSignal } = this.#term;
    const { job, options } = this.#host;
    const { atMostFor, graceMs, clock, atLeastFor } = options;
    const attempt = new Attempt({ job, tickMs: tick, token, termSignal, atMostFor, graceMs, clock });
    this.#host.begin(attempt);
    if (atLeastFor > 0) this.#entry = { ...this.#entry, untilMs: attempt.startedAt.wallMs + atLeastFor };
    this.#host.tell(tick, { kind: 'started', token });
    const outcome = await attempt.start();
    const durationMs = Math.round(clock.now().monoMs - attempt.startedAt.monoMs);
    if (outcome.ok) this.#host.tell(tick, { kind: 'succeeded', token, durationMs });
    else {
      const { error, overrun } = outcome;
      this.#host.tell(tick, { kind: 'failed', token, durationMs, error, ...(overrun ? { overrun } : {}) });
    }
    return [attempt, outcome];
  }

  #mayStart(): boolean {
    return this.#closing === undefined && !this.#term.signal.aborted && this.#term.isCurrent();
  }

  /** True, and told, when nothing may start any more. */
  #refuse(tick: number): boolean {
    if (this.#mayStart()) return false;
    this.#drop(tick);
    return true;
  }

  #drop(tick: number): void {
    this.#host.tell(tick, { kind: 'skipped', reason: this.#closing ?? 'term-over' });
  }

  /** The key is held until the returned function is called; undefined when it went this very moment. */
  #hold(): (() => void) | undefined {
    let letGo!: () => void;
    const work = new Promise<void>((resolve) => (letGo = resolve));
    try {
      this.#term.waitUntil(work);
    } catch {
      return undefined;
    }
    return letGo;
  }

  /** @returns up to where everything is decided now. */
  #decide(tick: number): number {
    this.#undecided = undefined;
    return this.#waiting.length === 0 ? this.#upToMs : tick;
  }

  /** @throws like `ledger.record` */
  #record(lastMs: number, untilMs: number | undefined = this.#entry.untilMs): Promise<void> {
    const { name, clock } = this.#host.options;
    const isAhead = untilMs !== undefined && untilMs > clock.now().wallMs;
    this.#entry = isAhead ? { lastMs, untilMs } : { lastMs };
    return this.#ledger.record(name, this.#entry);
  }

  #recordSkipped(lastMs: number): void {
    this.#record(lastMs).catch((error: unknown) => this.#complain(error));
  }

  #fail(tick: number, error: unknown): void {
    this.#host.tell(tick, { kind: 'failed', token: this.#term.token, durationMs: 0, error });
  }

  /** Of a term that is over, nothing is left to be recorded. */
  #complain(error: unknown): void {
    if (!(error instanceof TermLostError) && this.#term.isCurrent()) this.#host.trouble(error);
  }

  #delay(ms: number): Promise<void> {
    const { clock } = this.#host.options;
    return new Promise((resolve) => {
      const cancel = clock.alarm(later(clock.now(), ms), resolve);
      this.#hurry = () => {
        cancel();
        resolve();
      };
    });
  }
}
