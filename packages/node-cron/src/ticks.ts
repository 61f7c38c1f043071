import type { Json, Slot } from '@tenure/core';
import type { Tick } from './tick.ts';

/**
 * A tick that is so much older than the last one of its task is not taken for a repetition: rather was the clock of
 * whoever ran the last one wrong, and must not stop the task until that time has come.
 */
const DISBELIEF_MS = 3_600_000;

/** The last tick of each task, as this term found it and leaves it to the next. */
export class Ticks {
  readonly #slot: Slot;
  readonly #lastMs: Map<string, number>;
  #saving: Promise<void> = Promise.resolve();
  #queued: Promise<void> | undefined;

  constructor(slot: Slot) {
    this.#slot = slot;
    this.#lastMs = read(slot.checkpoint);
  }

  /** It, or a later one of its task, was begun before. */
  has({ task, atMs }: Tick): boolean {
    const lastMs = this.#lastMs.get(task);
    return lastMs !== undefined && atMs <= lastMs && lastMs - atMs < DISBELIEF_MS;
  }

  /**
   * At once for those who ask here; for successors when this resolves.
   * @throws TermLostError, ValueTooLargeError
   */
  record({ task, atMs }: Tick): Promise<void> {
    this.#lastMs.set(task, atMs);
    for (const [each, lastMs] of this.#lastMs) {
      // Nobody would believe it any more.
      if (lastMs <= atMs - DISBELIEF_MS) this.#lastMs.delete(each);
    }
    return this.#save();
  }

  /** All that were recorded while a save was under way share the next one. */
  #save(): Promise<void> {
    this.#queued ??= this.#saving
      .catch(() => {})
      .then(() => {
        this.#queued = undefined;
        this.#saving = this.#slot.save(Object.fromEntries(this.#lastMs));
        return this.#saving;
      });
    return this.#queued;
  }
}

function read(checkpoint: Json | undefined): Map<string, number> {
  if (typeof checkpoint !== 'object' || checkpoint === null) return new Map();
  return new Map(
    Object.entries(checkpoint).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}
