import type { Term } from '@tenure/core';
import { later } from '@tenure/core/store';
import type { Instant } from '@tenure/core';
import { dateOf } from './date.ts';
import type { ScheduleHost } from './host.ts';
import { Ledger } from './ledger.ts';
import { dueTicks, plan } from './plan.ts';
import { Queue } from './queue.ts';

/** Between two looks at the wall clock. When it was set back in between, it is only known to that extent from where. */
const LONGEST_SLEEP_MS = 1000;

/** Timers, and the process, may be so late without a tick counting as missed. */
const TIMER_LATE_MS = 1000;

/** Where the clocks part by less, nobody has set the time of day. */
const SMALLEST_STEP_MS = 1000;

/** So many ticks that come again are told of at once. */
const MOST_AGAIN = 100;

/** A schedule while its election holds a term: looks at the clock when a tick is due. */
export class Shift {
  readonly term: Term;
  readonly #host: ScheduleHost;
  readonly #ledger: Ledger;
  #queue: Queue | undefined;
  #isOver = false;
  #woke: Instant;
  /** The first tick that was not planned, when last looked for. */
  #nextMs = -Infinity;
  #cancel: () => void = () => {};
  readonly #termEnds = (): void => this.end('term-over');

  constructor(host: ScheduleHost, term: Term) {
    this.#host = host;
    this.term = term;
    this.#ledger = Ledger.of(term);
    this.#woke = host.options.clock.now();
    term.signal.addEventListener('abort', this.#termEnds, { once: true });
    // What outlives its term is not watched until the next one: no timer without a term.
    void term.ended.then(() => host.running?.disarm());
    host.running?.arm();
    this.#begin().catch((error: unknown) => host.trouble(error));
  }

  /** Resolves when no tick of this term is under way. */
  get settled(): Promise<void> {
    return this.#queue?.settled ?? Promise.resolve();
  }

  /** Nothing new starts. */
  end(reason: 'term-over' | 'stopped'): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancel();
    this.term.signal.removeEventListener('abort', this.#termEnds);
    this.#queue?.close(reason);
  }

  async #begin(): Promise<void> {
    const { name, clock, lateMs } = this.#host.options;
    let entry = this.#ledger.entry(name);
    if (!entry) {
      // The schedule begins to exist: from here on no tick is forgotten, whoever crashes.
      entry = { lastMs: clock.now().wallMs };
      try {
        await this.#ledger.record(name, entry);
      } catch (error) {
        if (this.term.isCurrent()) this.#host.trouble(error);
      }
      if (this.#isOver) return;
    }
    this.#queue = new Queue(this.#host, this.term, this.#ledger, entry);
    this.#woke = clock.now();
    this.#look(this.#queue, lateMs, true);
  }

  #look(queue: Queue, lateMs: number, catchUp: boolean): void {
    if (this.#isOver || !this.term.isCurrent()) return;
    const { ticks, onMissed, clock } = this.#host.options;
    const now = clock.now();
    for (const tick of this.#again(queue.upToMs, now)) {
      this.#host.tell(tick, { kind: 'skipped', reason: 'ran-before' });
    }
    if (now.wallMs < this.#nextMs) {
      this.#sleep(queue, now);
      return;
    }
    this.#nextMs = ticks.next(now.wallMs) ?? Infinity;
    const { runs, missed, upToMs } = plan({
      ticks,
      lastMs: queue.upToMs,
      nowMs: now.wallMs,
      onMissed,
      lateMs,
    });
    this.#sleep(queue, now);
    if (missed) {
      const { sinceMs, untilMs, count, more } = missed;
      const since = dateOf(sinceMs);
      this.#host.tell(untilMs, { kind: 'missed', since, count, ...(more ? { more } : {}) });
    }
    if (upToMs !== undefined) queue.take(runs, upToMs, catchUp);
  }

  #sleep(queue: Queue, now: Instant): void {
    if (this.#isOver) return;
    const { lateMs, clock } = this.#host.options;
    const at = later(now, Math.min(LONGEST_SLEEP_MS, this.#nextMs - now.wallMs));
    // Woken early, because the wall clock was set back, it finds nothing due and sleeps again.
    this.#cancel = clock.alarm(at, () => this.#look(queue, Math.max(lateMs, TIMER_LATE_MS), false));
  }

  /** Ticks that were planned before, and whose time has come since the last look. */
  #again(upToMs: number, now: Instant): readonly number[] {
    const wokeMs = this.#woke.wallMs;
    // The last look, by the wall clock as it is set now.
    const asSetMs = now.wallMs - (now.monoMs - this.#woke.monoMs);
    const sinceMs = wokeMs - asSetMs > SMALLEST_STEP_MS ? asSetMs : wokeMs;
    this.#woke = now;
    const untilMs = Math.min(now.wallMs, upToMs);
    return sinceMs < untilMs ? dueTicks(this.#host.options.ticks, sinceMs, untilMs, MOST_AGAIN).due : [];
  }
}
