import { decodeRecord, later, systemClock, type Held } from '@tenure/core/store';
import type { Lookout } from './lookout.ts';
import type { Pair } from './pair.ts';

/** What a claim saw that was refused: `ModifyIndex`, 0 for a key that was not there. */
export interface Cursor {
  readonly index: number;
}

/** Of those who wait in one process the oldest one claims at once, each other this much later than the one before. */
const STEP_MS = 10;

/** Where the claims of one session wait. */
export class Park {
  readonly #lookout: Lookout;
  readonly #session: string;
  /** By path, the oldest first. */
  readonly #waiting = new Map<string, Set<object>>();
  /** Claims that were woken, and not sent since. */
  readonly #woken = new Set<string>();

  constructor(lookout: Lookout, session: string) {
    this.#lookout = lookout;
    this.#session = session;
  }

  /**
   * Resolves when the key is free, unless it was free already and not given out, and when it turns out to be ours: an
   * unanswered claim may be applied late.
   */
  async wait(path: string, held: Held, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const place = {};
    const line = this.#waiting.get(path) ?? new Set();
    this.#waiting.set(path, line.add(place));
    try {
      await this.#freed(path, held, { rank: () => [...line].indexOf(place) }, signal);
      this.#woken.add(held.claimId);
    } finally {
      line.delete(place);
      if (line.size === 0) this.#waiting.delete(path);
    }
  }

  /** Whether it was woken since it was last sent, or given up. */
  leave(claimId: string): boolean {
    return this.#woken.delete(claimId);
  }

  async #freed(
    path: string,
    held: Held,
    { rank }: { readonly rank: () => number },
    signal: AbortSignal,
  ): Promise<void> {
    const { index } = held.cursor as Cursor;
    const isOurs = (pair: Pair | undefined): boolean =>
      pair?.session === this.#session && decodeRecord(pair.value)?.claimId === held.claimId;
    const isFree = (pair: Pair | undefined): boolean => {
      if (pair === undefined) return index !== 0;
      return pair.session === '' && pair.modifyIndex !== index;
    };
    const leaving = new AbortController();
    let cancel: (() => void) | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { signal: leaving.signal });
        const leave = this.#lookout.observe(path, {
          since: index,
          seen: (pair) => {
            const turn = rank();
            if (isOurs(pair) || (turn === 0 && isFree(pair))) resolve();
            else if (!isFree(pair)) cancel = cancel?.() as undefined;
            else cancel ??= systemClock.alarm(later(systemClock.now(), turn * STEP_MS), resolve);
          },
          failed: reject,
        });
        leaving.signal.addEventListener('abort', leave);
      });
    } finally {
      cancel?.();
      leaving.abort();
    }
  }
}
