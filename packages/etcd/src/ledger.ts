import { decodeRecord } from '@tenure/core/store';
import type { ClaimNews, Key } from '@tenure/core/store';
import type { IEvent, IKeyValue, IRangeRequest } from 'etcd3';
import type { Endpoints } from './endpoints.ts';
import { askedOf, askedPath } from './keys.ts';
import { leaseTimeToLive, txn } from './rpc.ts';
import type { WatchStream } from './watch-stream.ts';

/** Up to so many claims are looked at one by one in every renewal; etcd takes 128 operations a transaction. */
const CHUNK = 100;
/** Beyond that, the keys on the lease are listed on every so many-th renewal, and whenever there was a hint. */
const LISTING_PERIOD = 3;

/** A claim of the session, from before it is first sent until it is released. */
export interface Claim {
  readonly key: Key;
  readonly claimId: string;
  readonly path: Buffer;
  /** Set while it holds the key. */
  token: bigint | undefined;
  deleted: boolean;
  evicted: boolean;
  /** Our key stood as of this revision; what happened to it before that is settled. */
  stoodAt: bigint;
  /** Where to watch it from; 0 is from now on. */
  watchFrom: bigint;
  unwatch: (() => void) | undefined;
  readonly parked: Set<() => void>;
}

interface HeldClaim {
  readonly claim: Claim;
  readonly token: bigint;
}

const nameOf = (path: Buffer): string => path.toString('latin1');

/**
 * What the session has claimed, and what it knows to be wrong with it. The watch on each claim's key is the fast
 * way to know; {@link Ledger.verify} is the one that counts, and asks the store itself.
 */
export class Ledger {
  readonly #lease: { readonly id: string; readonly hex: string };
  readonly #endpoints: Endpoints;
  readonly #watches: WatchStream;
  readonly #hint: () => void;
  readonly #claims = new Map<string, Claim>();
  #renewals = 0;
  #hinted = false;
  #heardSince: () => void = () => {};

  constructor(
    lease: { readonly id: string; readonly hex: string },
    endpoints: Endpoints,
    watches: WatchStream,
    hint: () => void,
  ) {
    this.#lease = lease;
    this.#endpoints = endpoints;
    this.#watches = watches;
    this.#hint = () => {
      this.#hinted = true;
      hint();
    };
  }

  enter(key: Key, claimId: string, path: Buffer): Claim {
    const known = this.#claims.get(nameOf(path));
    if (known) return known;
    const claim: Claim = {
      key,
      claimId,
      path,
      token: undefined,
      deleted: false,
      evicted: false,
      stoodAt: 0n,
      watchFrom: 0n,
      unwatch: undefined,
      parked: new Set(),
    };
    this.#claims.set(nameOf(path), claim);
    return claim;
  }

  find(path: Buffer): Claim | undefined {
    return this.#claims.get(nameOf(path));
  }

  /** Its key stood as of `revision`; with a token, as the first. */
  stands(claim: Claim, revision: bigint, token: bigint | undefined): void {
    if (this.find(claim.path) !== claim) return;
    claim.token = token;
    claim.stoodAt = revision;
    claim.watchFrom = revision + 1n;
    claim.deleted = false;
    this.#watch(claim);
  }

  strike(path: Buffer): void {
    const claim = this.find(path);
    if (!claim) return;
    this.#claims.delete(nameOf(path));
    this.#forget(claim);
  }

  news(): ClaimNews[] {
    const news: ClaimNews[] = [];
    for (const { claimId, token, evicted, deleted } of this.#claims.values()) {
      if (token === undefined || !(evicted || deleted)) continue;
      news.push({ claimId, what: evicted ? 'evicted' : 'deleted' });
    }
    return news;
  }

  /** Ask the store what became of the claims. Never depends on what a watch has said or not said. */
  async verify(signal: AbortSignal): Promise<void> {
    this.#renewals += 1;
    for (const claim of this.#claims.values()) this.#watch(claim);
    const heardSince = this.#watches.probe();
    const held = [...this.#claims.values()].flatMap((claim) =>
      claim.token === undefined ? [] : [{ claim, token: claim.token }],
    );
    if (held.length > 0) await this.#look(held, signal);
    this.#heardSince();
    this.#heardSince = heardSince;
  }

  /** The session is over: whoever waits may ask, and hear it. */
  close(): void {
    for (const claim of this.#claims.values()) this.#forget(claim);
    this.#claims.clear();
  }

  async #look(held: readonly HeldClaim[], signal: AbortSignal): Promise<void> {
    const suspects = await this.#suspects(held, signal);
    const namespaces = new Set(held.map(({ claim }) => claim.key.namespace));
    const folders = [...namespaces].map((namespace) => askedOf(namespace, this.#lease.hex));
    const found = await this.#read(
      [...folders, ...suspects.map(({ claim }) => ({ key: claim.path }))],
      signal,
    );
    const asked = new Set(found.slice(0, folders.length).flatMap((kvs) => kvs.map(({ key }) => nameOf(key))));
    for (const { claim } of held) {
      const { key, claimId } = claim;
      if (asked.has(nameOf(askedPath(key.namespace, this.#lease.hex, claimId)))) claim.evicted = true;
    }
    for (const [index, { claim, token }] of suspects.entries()) {
      const created = found[folders.length + index]?.[0]?.create_revision;
      if (claim.token === token && created !== String(token)) claim.deleted = true;
    }
  }

  #forget(claim: Claim): void {
    claim.unwatch?.();
    claim.unwatch = undefined;
    for (const wake of claim.parked) wake();
  }

  /** Which claims to look at: all, if there are not too many; otherwise those that are not among the lease's keys. */
  async #suspects(held: readonly HeldClaim[], signal: AbortSignal): Promise<readonly HeldClaim[]> {
    if (held.length <= CHUNK) return held;
    if (!this.#hinted && this.#renewals % LISTING_PERIOD !== 0) return [];
    this.#hinted = false;
    // The leader's word only, which a deposed one may give too: good for a suspicion, and the period brings the next.
    const { keys } = await this.#endpoints.call(leaseTimeToLive, { ID: this.#lease.id, keys: true }, signal);
    const listed = new Set(keys.map(nameOf));
    return held.filter(({ claim }) => !listed.has(nameOf(claim.path)));
  }

  async #read(ranges: readonly IRangeRequest[], signal: AbortSignal): Promise<IKeyValue[][]> {
    const chunks: Promise<IKeyValue[][]>[] = [];
    for (let at = 0; at < ranges.length; at += CHUNK) {
      const chunk = ranges.slice(at, at + CHUNK);
      const success = chunk.map((range) => ({ request_range: { ...range, keys_only: true } }));
      const answer = this.#endpoints.call(txn, { success }, signal);
      chunks.push(answer.then(({ responses }) => responses.map(({ response_range }) => response_range.kvs)));
    }
    return (await Promise.all(chunks)).flat();
  }

  #watch(claim: Claim): void {
    if (claim.stoodAt === 0n) return;
    claim.unwatch ??= this.#watches.add({
      key: claim.path,
      from: claim.watchFrom,
      events: (events) => {
        for (const event of events) this.#happened(claim, event);
      },
      gap: () => {
        claim.unwatch = undefined;
        claim.watchFrom = 0n;
        this.#stir(claim);
      },
      failed: () => {
        claim.unwatch = undefined;
      },
    });
  }

  #happened(claim: Claim, { type, kv }: IEvent): void {
    if (BigInt(kv.mod_revision) <= claim.stoodAt) return;
    if (type === 'Delete') claim.deleted = true;
    else if (decodeRecord(kv.value.toString())?.evict) claim.evicted = true;
    else return;
    this.#stir(claim);
  }

  #stir(claim: Claim): void {
    for (const wake of claim.parked) wake();
    if (claim.token !== undefined) this.#hint();
  }
}
