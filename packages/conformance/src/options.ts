import type { Key, Store } from '@tenure/core/store';
import type { Address } from './proxy.ts';
import type { Verb } from './unreliable.ts';

export interface Skip {
  /** The sentence of the case, as it is printed. */
  readonly case: string;
  readonly reason: string;
}

/** How to reach the store under test, and what is known of it. */
export interface SuiteOptions {
  /** An independent client of the same server with each call; through `via` where that is given. */
  open(via?: Address): Store | Promise<Store>;
  /** A TTL that the store grants and a test can wait for. */
  readonly ttlMs: number;
  /** Expiry may take so many TTLs … @default 1 */
  readonly expiryFactor?: number;
  /** … and so much on top. @default 3000, or 1 in virtual time */
  readonly expirySlackMs?: number;
  /** The server's address, for cases that need a network that fails. Without it, {@link open} is wrapped. */
  target?(): Address | Promise<Address>;
  /** Bytes that only the request of that verb contains, so that the proxy can tell it from a client's other traffic. */
  pattern?(call: RequestHint): string | Uint8Array | undefined;
  /** A client whose notifications are dropped. Without it, {@link open} is wrapped. */
  deaf?(): Store | Promise<Store>;
  /** Deletes the key as an operator would, with the store's own tool. */
  deleteKey?(key: Key): void | Promise<void>;
  /** What is in the store under this namespace, and which of these session requests still live there. */
  leftovers?(
    namespace: string,
    requestIds: readonly string[],
  ): readonly string[] | Promise<readonly string[]>;
  /** Lets virtual time pass. Without it, time is real. */
  wait?(ms: number): Promise<void>;
  /** Cases that do not hold for this store, and why. A case of that name must exist. */
  readonly skip?: readonly Skip[];
}

export interface RequestHint {
  readonly verb: Verb;
  readonly key?: Key;
  readonly claimId?: string;
  readonly requestId?: string;
}
