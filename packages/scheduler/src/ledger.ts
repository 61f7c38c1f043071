import type { Json, Slot, Term } from '@tenure/core';
import { parseTime, rfc3339 } from './date.ts';

/** What is known of a schedule, whoever leads. */
export interface Entry {
  /** Every tick up to here is decided, and never runs again. */
  readonly lastMs: number;
  /** Ticks before this time are skipped, for `atLeastFor`. */
  readonly untilMs?: number | undefined;
}

const ledgers = new WeakMap<Term, Ledger>();

/**
 * What the schedules of an election leave for the next term, all in one slot of its checkpoint: `{ [name]: { last, until } }`.
 * Names that nobody schedules here are kept, for another version of the program may know them.
 */
export class Ledger {
  readonly #slot: Slot;
  readonly #entries: Map<string, Json>;
  /** Settles, and never rejects, when no save is under way. */
  #idle: Promise<void> = Promise.resolve();
  /** The save that has not begun. */
  #next: Promise<void> | undefined;

  private constructor(slot: Slot) {
    this.#slot = slot;
    const { checkpoint } = slot;
    // Anything else was left by somebody else: then nothing is known.
    const known = typeof checkpoint === 'object' && checkpoint !== null && !Array.isArray(checkpoint);
    this.#entries = new Map(known ? Object.entries(checkpoint) : []);
  }

  /** All schedules of a term share one. */
  static of(term: Term): Ledger {
    const ledger = ledgers.get(term) ?? new Ledger(term.slot('schedules'));
    ledgers.set(term, ledger);
    return ledger;
  }

  /** Undefined for a name without one, or with one that makes no sense. */
  entry(name: string): Entry | undefined {
    const found = this.#entries.get(name);
    if (typeof found !== 'object' || found === null) return undefined;
    const { last, until } = found as { readonly last?: unknown; readonly until?: unknown };
    const lastMs = parseTime(last);
    return lastMs === undefined ? undefined : { lastMs, untilMs: parseTime(until) };
  }

  /**
   * Resolves when the entry is stored. While a save is under way, whatever else is recorded goes out in one next save.
   * @throws TermLostError when the term is over; then the entry may be stored or not. What the store refuses.
   */
  record(name: string, { lastMs, untilMs }: Entry): Promise<void> {
    this.#entries.set(name, {
      last: rfc3339(lastMs),
      ...(untilMs === undefined ? {} : { until: rfc3339(untilMs) }),
    });
    if (!this.#next) {
      this.#next = this.#idle.then(() => this.#save());
      this.#idle = this.#next.catch(() => {});
    }
    return this.#next;
  }

  #save(): Promise<void> {
    this.#next = undefined;
    return this.#slot.save(Object.fromEntries(this.#entries));
  }
}
