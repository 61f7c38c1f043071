import { InvalidArgumentError, SessionGoneError } from '@tenure/core/store';
import type { Checkup, Holder, Key, SessionRequest, Store, StoreSession, Traits } from '@tenure/core/store';
import { checkup } from './checkup.ts';
import { Endpoints } from './endpoints.ts';
import { isLeaseExists } from './errors.ts';
import { endHoldersSession, evictHolder } from './evict.ts';
import { listHolders, readHolder, watchHolder } from './observe.ts';
import { settingsOf } from './options.ts';
import type { EtcdOptions } from './options.ts';
import { leaseGrant, leaseTimeToLive } from './rpc.ts';
import { EtcdSession } from './session.ts';
import { MAX_VALUE_BYTES } from './size.ts';
import { WatchStream } from './watch-stream.ts';

const TRAITS: Traits = {
  // The server grants no less than one and a half election timeouts: 2 s as etcd comes.
  minTtlMs: 2000,
  maxTtlMs: 9_000_000_000_000,
  maxValueBytes: MAX_VALUE_BYTES,
  wakes: 'push',
  fair: true,
  clock: 'monotonic',
  keepsWord:
    'etcd answers only what a majority of its members has on disk; it forgets what came after a snapshot that is restored, ' +
    'and tokens then rise again from there unless the revision is bumped.',
};

/**
 * Locks and elections in etcd 3.4 or later: one lease a session, a queue of keys an election, the create revision
 * of the first as the token. Speaks to etcd when first used.
 *
 * @throws InvalidArgumentError
 */
export function etcd(options: EtcdOptions): Store {
  return new EtcdStore(options);
}

class EtcdStore implements Store {
  readonly name = 'etcd';
  readonly traits = TRAITS;
  readonly #endpoints: Endpoints;
  readonly #watches: WatchStream;

  constructor(options: EtcdOptions) {
    this.#endpoints = new Endpoints(settingsOf(options));
    this.#watches = new WatchStream(this.#endpoints);
  }

  async open({ id, ttlMs }: SessionRequest, signal: AbortSignal): Promise<StoreSession> {
    const lease = leaseOf(id);
    const seconds = Math.ceil(ttlMs / 1000);
    try {
      const { TTL } = await this.#endpoints.call(leaseGrant, { ID: lease.id, TTL: seconds }, signal);
      return this.#session(lease, TTL, false);
    } catch (error) {
      if (!isLeaseExists((error as Error).cause ?? error)) throw error;
    }
    const { TTL, grantedTTL } = await this.#endpoints.call(leaseTimeToLive, { ID: lease.id }, signal);
    // In whole seconds, rounded down: only a negative one says that it is over.
    if (BigInt(TTL) < 0n)
      throw new SessionGoneError(`etcd lease ${lease.hex} of an unanswered open has expired`);
    return this.#session(lease, grantedTTL, true);
  }

  holder(key: Key, signal: AbortSignal): Promise<Holder | undefined> {
    return readHolder(this.#endpoints, key, signal);
  }

  watch(key: Key, signal: AbortSignal): AsyncIterable<Holder | undefined> {
    return watchHolder(this.#endpoints, this.#watches, key, signal);
  }

  list(prefix: Key, signal: AbortSignal): Promise<readonly Holder[]> {
    return listHolders(this.#endpoints, prefix, signal);
  }

  evict(
    key: Key,
    token: bigint,
    { force }: { readonly force: boolean },
    signal: AbortSignal,
  ): Promise<boolean> {
    return evictHolder(this.#endpoints, key, token, force, signal);
  }

  endSession(key: Key, token: bigint, signal: AbortSignal): Promise<boolean> {
    return endHoldersSession(this.#endpoints, key, token, signal);
  }

  checkup(signal: AbortSignal): Promise<Checkup> {
    return checkup(this.#endpoints, signal);
  }

  async close(): Promise<void> {
    this.#watches.close();
    this.#endpoints.close();
  }

  #session(
    lease: { readonly id: string; readonly hex: string },
    seconds: string,
    adopted: boolean,
  ): StoreSession {
    return new EtcdSession(
      { ...lease, ttlMs: Number(seconds) * 1000, adopted },
      this.#endpoints,
      this.#watches,
    );
  }
}

/** Leases have positive 64-bit ids; the request's own makes a repeated grant harmless. */
function leaseOf(requestId: string): { readonly id: string; readonly hex: string } {
  if (!/^[\da-f]{16}$/iu.test(requestId)) {
    throw new InvalidArgumentError(
      `a session request's id must be 16 hex digits, got ${JSON.stringify(requestId)}`,
    );
  }
  const id = BigInt.asUintN(63, BigInt(`0x${requestId}`)) || 1n;
  return { id: String(id), hex: id.toString(16) };
}
