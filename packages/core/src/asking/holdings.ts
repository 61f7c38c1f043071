import { ClaimLostError } from '../errors.ts';
import type { ClaimNews, Key } from '../store.ts';

/** A claim that was granted to this session and not released yet. */
export interface Holding {
  readonly key: Key;
  readonly claimId: string;
  readonly token: bigint;
}

type Verdict = 'held' | ClaimNews['what'];

/**
 * What a session knows of the claims it was granted, for stores that tell of a loss only when they are asked (S13).
 * A look at the store judges the holdings that were there before it was sent: what is granted meanwhile is not in it.
 */
export class Holdings {
  readonly #held = new Map<string, Holding>();
  readonly #news = new Map<string, ClaimNews>();

  /** An answer that came after the claim was taken or released again changes nothing about that. */
  granted(holding: Holding): void {
    this.#held.set(holding.claimId, holding);
  }

  released(claimId: string): void {
    this.#held.delete(claimId);
    this.#news.delete(claimId);
  }

  /** The store was asked and does not give this claim the key. @throws ClaimLostError if it had been granted. */
  refuseLost({ name }: Key, claimId: string): void {
    if (!this.#held.has(claimId)) return;
    const what = this.#news.get(claimId)?.what ?? 'superseded';
    this.judge(claimId, what);
    throw new ClaimLostError(`claim ${claimId} of "${name}" held the key and was taken: ${what}`);
  }

  /** Everything to be looked up, as of now. Claims that are known to be lost are not asked about again. */
  get all(): readonly Holding[] {
    return [...this.#held.values()].filter(({ claimId }) => {
      const what = this.#news.get(claimId)?.what;
      return what === undefined || what === 'evicted';
    });
  }

  get size(): number {
    return this.#held.size;
  }

  /** A loss is for good; a request to let go may still turn into one. */
  judge(claimId: string, verdict: Verdict): void {
    if (verdict === 'held' || !this.#held.has(claimId)) return;
    const known = this.#news.get(claimId)?.what;
    if (known === undefined || known === 'evicted') this.#news.set(claimId, { claimId, what: verdict });
  }

  /** Told again with every renewal until the claim is released. */
  get news(): readonly ClaimNews[] {
    return [...this.#news.values()];
  }
}
