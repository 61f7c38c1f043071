import { pause, systemClock } from '@tenure/core/store';

/** Whoever has lost a race looks again after up to this long; after the next one it is twice as long, and so on. */
const NAP_MS = 4;
const MOST_DOUBLINGS = 5;
/** Keys of which it is remembered. */
const MOST = 1000;

/**
 * Which keys many want at once, as far as one session has seen. A key that becomes free wakes all who wait for it, in all
 * processes, and one of them can win: each of the others costs Consul a write, behind which the winner's release waits.
 */
export class Crowds {
  /** Races lost beyond those won, by path. */
  readonly #lost = new Map<string, number>();

  has(path: string): boolean {
    return this.#lost.has(path);
  }

  won(path: string): void {
    const lost = this.#lost.get(path);
    if (lost === undefined) return;
    if (lost > 1) this.#lost.set(path, lost - 1);
    else this.#lost.delete(path);
  }

  lost(path: string): void {
    const before = this.#lost.get(path) ?? 0;
    if (before === 0 && this.#lost.size === MOST) this.#lost.clear();
    this.#lost.set(path, Math.min(before + 1, MOST_DOUBLINGS + 1));
  }

  /** Resolves when it is time to look. Who has not waited yet, and may have had it just now, looks later than the others. */
  async nap(path: string, who: 'newcomer' | 'loser', signal: AbortSignal): Promise<void> {
    const longestMs = NAP_MS * 2 ** ((this.#lost.get(path) ?? 1) - 1);
    await pause(systemClock, Math.random() * longestMs * (who === 'newcomer' ? 2 : 1), signal);
  }
}
