import type { Store } from '@tenure/core';
import { NotAppliedError, bounded, pause, systemClock } from '@tenure/core/store';
import type { Key, Timing } from '@tenure/core/store';

/** A store that is looked at. */
export class Patient {
  readonly store: Store;
  readonly timing: Timing;
  readonly #keyOf: (name: string) => Key;
  readonly #signal: AbortSignal;

  constructor(store: Store, timing: Timing, keyOf: (name: string) => Key, signal: AbortSignal) {
    this.store = store;
    this.timing = timing;
    this.#keyOf = keyOf;
    this.#signal = signal;
  }

  key(name: string): Key {
    return this.#keyOf(name);
  }

  /** The user wants no more of it. */
  refuseOver(): void {
    this.#signal.throwIfAborted();
  }

  /** One question, bounded. What certainly was not applied is asked again, as the core does. */
  async ask<T>(question: (signal: AbortSignal) => Promise<T>): Promise<T> {
    for (let refusals = 0; ; refusals += 1) {
      try {
        return await bounded(systemClock, STEP_MS, question, this.#signal);
      } catch (error) {
        if (!(error instanceof NotAppliedError) || refusals >= FREE_REFUSALS) throw error;
        await pause(systemClock, REFUSED_MS, this.#signal);
      }
    }
  }
}

const STEP_MS = 10_000;
const FREE_REFUSALS = 3;
const REFUSED_MS = 100;
