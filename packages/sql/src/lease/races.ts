import type { Key } from '@tenure/core/store';
import { nameOf } from './key-name.ts';

const MOST = 1000;
/** So many grants after the last race that was lost, it is taken that nobody else is about. */
const FORGOTTEN_AFTER = 3;

/** Between two who were woken at once, a step that the network and the timers of other processes do not blur. */
const STEP_MS = 1;
const MOST_STEPS = 3;

/**
 * For which keys several wait: somebody was woken, and another one had it already. All are woken at the same moment, and
 * who is nearest would win again and again: so those who have lost less often than it mostly takes let the others go first.
 */
export class Races {
  readonly #left = new Map<string, number>();
  /** Of the claims that wait. */
  readonly #lost = new Map<string, number>();
  /** How many races a claim loses until it wins, as of late; the same for all keys. */
  #usual = 0;

  isOne(key: Key): boolean {
    return this.#left.size > 0 && this.#left.has(nameOf(key));
  }

  /** How long that claim waits until it asks, now that it was woken. */
  headStartMs(key: Key, claimId: string): number {
    if (!this.isOne(key)) return 0;
    const steps = Math.min(MOST_STEPS, Math.floor(this.#usual / 4));
    const patience = (this.#lost.get(claimId) ?? 0) / Math.max(1, this.#usual);
    return STEP_MS * Math.ceil(steps * Math.max(0, 1 - patience));
  }

  /** The claim does not wait any more. */
  forget(claimId: string): void {
    this.#lost.delete(claimId);
  }

  lost(key: Key, claimId: string): void {
    this.#lost.set(claimId, (this.#lost.get(claimId) ?? 0) + 1);
    const [oldest] = this.#left.keys();
    if (this.#left.size >= MOST && oldest !== undefined) this.#left.delete(oldest);
    this.#left.set(nameOf(key), FORGOTTEN_AFTER);
  }

  won(key: Key, claimId: string): void {
    if (this.#left.size === 0) return;
    this.#usual += ((this.#lost.get(claimId) ?? 0) - this.#usual) / 4;
    const name = nameOf(key);
    const left = this.#left.get(name);
    if (left === undefined) return;
    if (left > 1) this.#left.set(name, left - 1);
    else this.#left.delete(name);
  }
}
