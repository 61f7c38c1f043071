import { later, remainingMs } from '@tenure/core/store';
import type { Clock, Instant } from '@tenure/core/store';

// Taken when the module loads, so that fake timers which a test installs do not freeze virtual time.
const { setImmediate } = globalThis;
const nextTick = process.nextTick.bind(process);

/** Lets everything run that needs no time: promises, ticks, immediates. */
const settle = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** Promises only: a tick that is asked for by a promise's reaction comes when no other is left. */
const settlePromises = (): Promise<void> =>
  new Promise((resolve) => {
    nextTick(resolve);
  });

export interface VirtualClockOptions {
  /**
   * What may run between two alarms without time. `promises` is several times as fast, and right for code that waits for
   * nothing else, such as everything in memory. @default 'everything'
   */
  readonly between?: 'everything' | 'promises';
}

/** What an alarm needs of the clock it was set by. */
interface Owner {
  now(): Instant;
  readonly rate: number;
  readonly frozen: boolean;
}

interface Alarm {
  readonly owner: Owner;
  readonly at: Instant;
  readonly due: () => void;
  /** Of two that are due at the same time, the one that was set first goes off first. */
  readonly nth: number;
}

/** Alarms that go off without time moving on; more than that is a loop. */
const MOST_AT_ONCE = 100_000;

/** Added while rounding keeps an alarm's clock a hair before the instant it asked for. */
const NUDGE_MS = 0.001;

/** Time that moves only when told to. Starts at a plausible date, for records that people read. */
export class VirtualClock implements Clock {
  #now: Instant = { monoMs: 1000, wallMs: 1_893_456_000_000 };
  /** By machine: each has its own time. */
  readonly #alarms = new Map<Owner, Set<Alarm>>();
  readonly #self: Owner = { now: () => this.#now, rate: 1, frozen: false };
  readonly #settle: () => Promise<void>;
  #set = 0;

  constructor({ between = 'everything' }: VirtualClockOptions = {}) {
    this.#settle = between === 'promises' ? settlePromises : settle;
  }

  now(): Instant {
    return this.#now;
  }

  alarm(at: Instant, due: () => void): () => void {
    return this.#add(this.#self, at, due);
  }

  /** How many alarms are set, on this clock and its views: 0 when everything was cleaned up. */
  get alarms(): number {
    let count = 0;
    for (const alarms of this.#alarms.values()) count += alarms.size;
    return count;
  }

  /** Lets `ms` pass, runs every alarm on the way in its order, and after each all that it sets off without time. */
  async advance(ms: number): Promise<void> {
    await this.#settle();
    let leftMs = ms;
    let atOnce = 0;
    for (;;) {
      const next = this.#next();
      if (!next || next.inMs > leftMs) break;
      atOnce = next.inMs > 0 ? 0 : atOnce + 1;
      if (atOnce > MOST_AT_ONCE)
        throw new Error('an alarm is set again and again for an instant that is past');
      this.#pass(next.inMs);
      leftMs -= next.inMs;
      const { at, due, owner } = next.alarm;
      while (remainingMs(at, owner.now()) > 0) this.#pass(NUDGE_MS);
      this.#alarms.get(owner)?.delete(next.alarm);
      due();
      await this.#settle();
    }
    this.#pass(Math.max(0, leftMs));
    await this.#settle();
  }

  /** Somebody sets the time of day, forward or back. Alarms that became due go off at the next `advance`. */
  stepWall(ms: number): void {
    this.#now = { ...this.#now, wallMs: this.#now.wallMs + ms };
  }

  /** The machine slept: the monotonic clock stood still. Alarms that became due go off at the next `advance`. */
  suspend(ms: number): void {
    this.stepWall(Math.max(0, ms));
  }

  /** The process could not run (a blocked event loop, SIGSTOP): time passed, no alarm went off, nor anything else. */
  stall(ms: number): void {
    this.#pass(ms);
  }

  /** The clock of another machine: ahead by `offsetMs`, faster by the factor `rate`. */
  view({ offsetMs = 0, rate = 1 }: { readonly offsetMs?: number; readonly rate?: number } = {}): ClockView {
    const set = (owner: Owner, at: Instant, due: () => void): (() => void) => this.#add(owner, at, due);
    return new ClockView({ base: this, set, forget: (owner) => this.#alarms.delete(owner) }, offsetMs, rate);
  }

  #add(owner: Owner, at: Instant, due: () => void): () => void {
    const alarms = this.#alarms.get(owner) ?? new Set();
    this.#set += 1;
    const alarm = { owner, at, due, nth: this.#set };
    this.#alarms.set(owner, alarms.add(alarm));
    return () => void alarms.delete(alarm);
  }

  #next(): { readonly alarm: Alarm; readonly inMs: number } | undefined {
    let first: Alarm | undefined;
    let firstInMs = Infinity;
    for (const [owner, alarms] of this.#alarms) {
      if (owner.frozen || alarms.size === 0) continue;
      const now = owner.now();
      for (const alarm of alarms) {
        const inMs = remainingMs(alarm.at, now) / owner.rate;
        if (first && (inMs > firstInMs || (inMs === firstInMs && alarm.nth > first.nth))) continue;
        first = alarm;
        firstInMs = inMs;
      }
    }
    return first && { alarm: first, inMs: firstInMs };
  }

  #pass(ms: number): void {
    this.#now = later(this.#now, ms);
  }
}

interface Behind {
  readonly base: Clock;
  readonly set: (owner: Owner, at: Instant, due: () => void) => () => void;
  readonly forget: (owner: Owner) => void;
}

/** One machine's reading of the time. It can be set, stopped and suspended apart from the others, and die. */
export class ClockView implements Clock {
  readonly rate: number;
  readonly #base: Clock;
  readonly #behind: Behind;
  readonly #origin: Instant;
  #shift: Instant;
  #frozen: { readonly at: Instant; readonly kind: 'stall' | 'suspend' } | undefined;
  #dead = false;

  /** @internal */
  constructor(behind: Behind, offsetMs: number, rate: number) {
    this.rate = rate;
    this.#base = behind.base;
    this.#behind = behind;
    this.#origin = behind.base.now();
    this.#shift = { monoMs: offsetMs, wallMs: offsetMs };
  }

  get frozen(): boolean {
    return this.#dead || this.#frozen !== undefined;
  }

  now(): Instant {
    const base = this.#base.now();
    const own = (half: keyof Instant, at: Instant): number =>
      this.#origin[half] + (at[half] - this.#origin[half]) * this.rate + this.#shift[half];
    const monoBase = this.#frozen?.kind === 'suspend' ? this.#frozen.at : base;
    return { monoMs: own('monoMs', monoBase), wallMs: own('wallMs', base) };
  }

  alarm(at: Instant, due: () => void): () => void {
    return this.#dead ? () => {} : this.#behind.set(this, at, due);
  }

  /** The process was killed: no alarm of it goes off any more, and none can be set. */
  kill(): void {
    this.#dead = true;
    this.#behind.forget(this);
  }

  stepWall(ms: number): void {
    this.#shift = { ...this.#shift, wallMs: this.#shift.wallMs + ms };
  }

  /** Until `thaw` no alarm of this machine goes off; with `suspend` its monotonic clock stands still as well. */
  freeze(kind: 'stall' | 'suspend'): void {
    this.#frozen ??= { at: this.#base.now(), kind };
  }

  /** The machine goes on; alarms that became due meanwhile go off at the next `advance`. */
  thaw(): void {
    if (!this.#frozen) return;
    const { at, kind } = this.#frozen;
    this.#frozen = undefined;
    if (kind === 'stall') return;
    const lostMs = (this.#base.now().monoMs - at.monoMs) * this.rate;
    this.#shift = { ...this.#shift, monoMs: this.#shift.monoMs - lostMs };
  }
}
