import type { Held, Store } from '../store.ts';
import { decodeRecord } from '../record.ts';

export interface ReclaimOptions {
  readonly store: Store;
  /** The stable id that this candidate had in its earlier life, too. */
  readonly id: string;
  /** Claims of this very process are no predecessor's. */
  readonly isOurs: (claimId: string) => boolean;
}

/**
 * A candidate with a stable id that comes back after a crash finds its keys held by its own last session, and need
 * not wait until that has expired: it ends that session in the store first, and then claims as everybody does, for a
 * new term with a new token. Once a key: should a twin of the same id be alive after all, the two would otherwise
 * take the key from one another for ever. Nothing but the token protects from such a twin.
 */
export class Reclaim {
  readonly #options: ReclaimOptions;
  readonly #done = new Set<string>();

  constructor(options: ReclaimOptions) {
    this.#options = options;
  }

  /** True when asking again may pay off at once. */
  async from({ key, holder }: Held, signal: AbortSignal): Promise<boolean> {
    const { store, id, isOurs } = this.#options;
    if (!holder) return false;
    const record = decodeRecord(holder.value);
    if (record?.id !== id || isOurs(record.claimId) || this.#done.has(key.name)) return false;
    const ended = await store.endSession(key, holder.token, signal);
    // Not before: an unanswered request is repeated with the claim.
    this.#done.add(key.name);
    return ended;
  }
}
