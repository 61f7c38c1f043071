import { ClaimLostError, decodeRecord, encodeRecord, SessionGoneError } from '@tenure/core/store';
import type { ClaimRecord, Granted, Held, Key, Renewed, StoreSession } from '@tenure/core/store';
import { batchOn } from './batch.ts';
import type { Batch } from './batch.ts';
import { decodeCheckpoint, HEADER_BYTES, saveRequest } from './checkpoint.ts';
import {
  announceRequest,
  lookRequest,
  predecessorRequest,
  releaseRequest,
  sightOf,
  standingOf,
  standRequest,
} from './claims.ts';
import type { Claim } from './claim.ts';
import type { Paths, Standing } from './claims.ts';
import type { Endpoints } from './endpoints.ts';
import { writeError } from './errors.ts';
import { Keepalive } from './keepalive.ts';
import { askedPath, candidatesOf, checkpointPath, claimPath } from './keys.ts';
import { Ledger } from './ledger.ts';
import { holderAt } from './observe.ts';
import { parkBehind } from './park.ts';
import type { Cursor } from './park.ts';
import { leaseRevoke, range, txn } from './rpc.ts';
import { checkSize } from './size.ts';
import type { WatchStream } from './watch-stream.ts';

export interface Lease {
  readonly id: string;
  readonly hex: string;
  readonly ttlMs: number;
  readonly adopted: boolean;
}

const laneOf = ({ candidates }: Paths): string => candidates.key.toString('latin1');

export class EtcdSession implements StoreSession {
  readonly id: string;
  readonly ttlMs: number;
  readonly adopted: boolean;
  readonly gone: AbortSignal;
  readonly #lease: Lease;
  readonly #endpoints: Endpoints;
  readonly #watches: WatchStream;
  readonly #batch: Batch;
  readonly #keepalive: Keepalive;
  readonly #ledger: Ledger;
  readonly #death = new AbortController();
  readonly #hints = new Set<() => void>();

  constructor(lease: Lease, endpoints: Endpoints, watches: WatchStream) {
    this.id = lease.hex;
    this.ttlMs = lease.ttlMs;
    this.adopted = lease.adopted;
    this.gone = this.#death.signal;
    this.#lease = lease;
    this.#endpoints = endpoints;
    this.#watches = watches;
    this.#batch = batchOn(endpoints);
    this.#keepalive = new Keepalive(endpoints, lease.id);
    this.#ledger = new Ledger(lease, endpoints, watches, () => {
      for (const hint of this.#hints) hint();
    });
  }

  async renew(signal: AbortSignal): Promise<Renewed> {
    return this.#unlessGone(async () => {
      const stop = new AbortController();
      const both = AbortSignal.any([signal, stop.signal]);
      try {
        const [ttl] = await Promise.all([this.#beat(both), this.#ledger.verify(both)]);
        return { ttlMs: Number(ttl) * 1000, news: this.#ledger.news() };
      } finally {
        // When one of the two has failed, the answer to the other is of no use any more.
        stop.abort();
      }
    });
  }

  async claim(key: Key, proposal: ClaimRecord, signal: AbortSignal): Promise<Granted | Held> {
    const { claimId } = proposal;
    const value = encodeRecord(proposal);
    const bytes = checkSize('a record', value);
    const paths = this.#paths(key, claimId);
    const claim = this.#ledger.enter(key, claimId, paths.own);
    const standing = await this.#unlessGone(() => this.#stand(claim, paths, value, signal)).catch(
      (error: unknown) => {
        throw writeError(error, 'a record', bytes);
      },
    );
    const { token, holder, revision } = standing;
    this.#ledger.stands(claim, revision, holder ? undefined : token);
    if (holder) {
      const cursor = await this.#cursor(paths, standing, signal);
      return { outcome: 'held', key, claimId, holder: holderAt(key.name, holder), cursor };
    }
    const announced = standing.created || decodeRecord(standing.ownValue)?.acquiredAt === proposal.acquiredAt;
    const checkpoint = decodeCheckpoint(standing.checkpoint);
    return { outcome: 'granted', key, claimId, token, checkpoint, announced };
  }

  async #stand(claim: Claim, paths: Paths, value: string, signal: AbortSignal): Promise<Standing> {
    const lane = laneOf(paths);
    if (claim.stoodAt > 0n) {
      const sight = await this.#batch.run({ request: lookRequest(paths), lane, bytes: 0 }, signal);
      const standing = sightOf(paths, value, sight);
      if (standing) return standing;
    }
    const request = standRequest(paths, value, this.#lease.id);
    return standingOf(
      paths,
      value,
      await this.#batch.run({ request, lane, bytes: 2 * Buffer.byteLength(value) }, signal),
    );
  }

  async park({ cursor, key, claimId }: Held, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const claim = this.#ledger.find(this.#paths(key, claimId).own);
    // Without a cursor it is not known where to wait, and without a key in the queue it is of no use: ask again.
    if (!cursor || !claim || claim.deleted) return;
    await parkBehind(cursor as Cursor, claim, this.#watches, signal);
  }

  /** Without a request: a watch goes on where it broke, and one that is deaf is made anew with the renewals. It may be late, and misses nothing. */
  async recheck(helds: readonly Held[], signal: AbortSignal): Promise<(Held | undefined)[]> {
    signal.throwIfAborted();
    return helds.map((held) => {
      const claim = this.#ledger.find(this.#paths(held.key, held.claimId).own);
      return held.cursor && claim && !claim.deleted ? held : undefined;
    });
  }

  async release(key: Key, claimId: string, signal: AbortSignal): Promise<void> {
    const paths = this.#paths(key, claimId);
    this.#ledger.strike(paths.own);
    const asked = askedPath(key.namespace, this.#lease.hex, claimId);
    const request = releaseRequest(paths.own, asked);
    await this.#batch.run({ request, lane: laneOf(paths), bytes: 0 }, signal);
  }

  async announce({ key, claimId, token }: Granted, record: ClaimRecord, signal: AbortSignal): Promise<void> {
    const value = encodeRecord(record);
    const bytes = checkSize('a record', value);
    const request = announceRequest(this.#paths(key, claimId), token, value, this.#lease.id);
    const { succeeded } = await this.#unlessGone(() => this.#endpoints.call(txn, request, signal)).catch(
      (error: unknown) => {
        throw writeError(error, 'a record', bytes);
      },
    );
    if (!succeeded) throw this.#lost(key, claimId, token);
  }

  async save(
    { key, claimId, token }: Granted,
    checkpoint: string,
    sequence: number,
    signal: AbortSignal,
  ): Promise<void> {
    const bytes = checkSize('a checkpoint', checkpoint) + HEADER_BYTES;
    const request = saveRequest(this.#paths(key, claimId), token, sequence, checkpoint);
    const { succeeded } = await this.#endpoints.call(txn, request, signal).catch((error: unknown) => {
      throw writeError(error, 'a checkpoint', bytes);
    });
    if (!succeeded) throw this.#lost(key, claimId, token);
  }

  async close(signal: AbortSignal): Promise<void> {
    try {
      await this.#endpoints.call(leaseRevoke, { ID: this.#lease.id }, signal);
    } catch (error) {
      if (!(error instanceof SessionGoneError)) throw error;
    }
    this.#end(new SessionGoneError(`etcd lease ${this.id} was revoked: the session is closed`));
  }

  taken(hint: () => void): () => void {
    const own = (): void => hint();
    this.#hints.add(own);
    return () => this.#hints.delete(own);
  }

  async #beat(signal: AbortSignal): Promise<bigint> {
    const ttl = await this.#keepalive.beat(signal);
    if (ttl > 0n) return ttl;
    throw new SessionGoneError(`etcd lease ${this.id} has expired or was revoked`);
  }

  async #cursor(
    { candidates }: Paths,
    { predecessor, revision, token }: Standing,
    signal: AbortSignal,
  ): Promise<Cursor | undefined> {
    if (predecessor) return { predecessor, from: revision + 1n };
    const { header, kvs } = await this.#endpoints.call(range, predecessorRequest(candidates, token), signal);
    return kvs[0] && { predecessor: kvs[0].key, from: BigInt(header.revision) + 1n };
  }

  #paths(key: Key, claimId: string): Paths {
    return {
      own: claimPath(key, this.#lease.hex, claimId),
      candidates: candidatesOf(key),
      checkpoint: checkpointPath(key),
    };
  }

  #lost(key: Key, claimId: string, token: bigint): ClaimLostError {
    return new ClaimLostError(
      `claim ${claimId} does not hold ${key.namespace}/${key.name} with token ${token}`,
    );
  }

  /** What says that the lease is no more ends the session, whoever asked. */
  async #unlessGone<T>(ask: () => Promise<T>): Promise<T> {
    if (this.gone.aborted) throw this.gone.reason;
    try {
      return await ask();
    } catch (error) {
      if (error instanceof SessionGoneError) this.#end(error);
      throw error;
    }
  }

  #end(reason: SessionGoneError): void {
    this.#keepalive.close();
    this.#ledger.close();
    this.#death.abort(reason);
  }
}
