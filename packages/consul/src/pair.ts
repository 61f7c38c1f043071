import { decodeRecord, type Holder } from '@tenure/core/store';

/** A key of Consul's KV store as its API shows it, in our words. */
export interface Pair {
  readonly path: string;
  readonly value: string;
  /** Empty while nobody holds the key. */
  readonly session: string;
  readonly createIndex: number;
  readonly modifyIndex: number;
  readonly lockIndex: number;
  readonly flags: number;
}

/** What Go's `api.Lock` marks its keys with, and refuses keys without. Above 2⁵³: a JavaScript number can't hold it. */
export const LOCK_FLAGS = '3304740253564472344';

/** What Go's `api.Semaphore` marks its `.lock` with; rounded, for comparison only. */
const SEMAPHORE_FLAGS = Number(0xe0f69a2baa414de0n);

interface RawPair {
  readonly Key: string;
  readonly Value: string | null;
  readonly Session?: string;
  readonly CreateIndex: number;
  readonly ModifyIndex: number;
  readonly LockIndex: number;
  readonly Flags: number;
}

/** What has not changed since it was `known` is that again: of a folder most has not. */
export function pairOf(raw: unknown, known?: ReadonlyMap<string, Pair>): Pair {
  const { Key, Value, Session, CreateIndex, ModifyIndex, LockIndex, Flags } = raw as RawPair;
  const same = known?.get(Key);
  if (same && same.modifyIndex === ModifyIndex && same.session === (Session ?? '')) return same;
  return {
    path: Key,
    value: Value === null ? '' : Buffer.from(Value, 'base64').toString(),
    session: Session ?? '',
    createIndex: CreateIndex,
    modifyIndex: ModifyIndex,
    lockIndex: LockIndex,
    flags: Flags,
  };
}

export function isSemaphore(pair: Pair): boolean {
  return pair.flags === SEMAPHORE_FLAGS;
}

/**
 * The token is the index of the write that took the lock. Later writes move `ModifyIndex` and so carry the token in
 * the value. A plain PUT over a held lock leaves its session but zeroes `LockIndex` and may have wiped the token:
 * then only the key's creation is known not to come after the grant.
 */
export function tokenOf(pair: Pair): bigint {
  const written = decodeRecord(pair.value)?.token;
  return written ?? BigInt(pair.lockIndex === 0 ? pair.createIndex : pair.modifyIndex);
}

/** Undefined while nobody holds the key: what a past holder wrote may still lie there. */
export function holderOf(name: string, pair: Pair | undefined): Holder | undefined {
  if (pair === undefined || pair.session === '') return undefined;
  return { key: name, token: tokenOf(pair), value: pair.value };
}
