import { decodeRecord } from '@tenure/core/store';
import type { Key } from '@tenure/core/store';
import type { IEvent } from 'etcd3';
import type { Watching } from './watch-stream.ts';

/** Who keeps the claim. */
interface ClaimKeeper {
  /** Something has happened to a claim that holds its key. */
  hint(): void;
}

/**
 * A claim of the session, from before it is first sent until it is released. It watches its own key: the fast way to
 * know what becomes of it, and not the one that counts.
 */
export class Claim implements Watching {
  readonly of: Key;
  readonly claimId: string;
  readonly key: Buffer;
  readonly #keeper: ClaimKeeper;
  /** Set while it holds the key. */
  token: bigint | undefined;
  deleted = false;
  evicted = false;
  forced = false;
  /** Our key stood as of this revision; what happened to it before that is settled. */
  stoodAt = 0n;
  /** Where to watch it from; 0 is from now on. */
  from = 0n;
  /** Of its watch. */
  watchId: number | undefined;
  #parked: Set<() => void> | undefined;

  constructor(keeper: ClaimKeeper, of: Key, claimId: string, key: Buffer) {
    this.#keeper = keeper;
    this.of = of;
    this.claimId = claimId;
    this.key = key;
  }

  /** Calls `wake` when the claim has changed. Returns the leaving. */
  park(wake: () => void): () => void {
    this.#parked ??= new Set();
    this.#parked.add(wake);
    return () => this.#parked?.delete(wake);
  }

  wake(): void {
    for (const wake of this.#parked ?? []) wake();
  }

  events(events: readonly IEvent[]): void {
    for (const { type, kv } of events) {
      if (BigInt(kv.mod_revision) <= this.stoodAt) continue;
      if (type === 'Delete') this.deleted = true;
      else if (decodeRecord(kv.value.toString())?.evict) this.evicted = true;
      else continue;
      this.#stir();
    }
  }

  gap(): void {
    this.watchId = undefined;
    this.from = 0n;
    this.#stir();
  }

  failed(): void {
    this.watchId = undefined;
  }

  #stir(): void {
    this.wake();
    if (this.token !== undefined) this.#keeper.hint();
  }
}
