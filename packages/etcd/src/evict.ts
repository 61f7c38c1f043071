import { decodeRecord, encodeRecord, SessionGoneError } from '@tenure/core/store';
import type { Key } from '@tenure/core/store';
import type { ICompare, IKeyValue, IRequestOp } from 'etcd3';
import { holderRequest } from './claims.ts';
import type { Endpoints } from './endpoints.ts';
import { ASKED, FORCED, askedPath, candidatesOf, claimAt } from './keys.ts';
import { leaseRevoke, range, txn } from './rpc.ts';

/**
 * Asks the holder with that token to let go: a mark in the folder of its lease, which it reads with every renewal,
 * and one in its record, which wakes its watch. With `force`, its key goes in the same transaction. A candidate of
 * another program reads no marks, so it can only be forced.
 */
export async function evictHolder(
  endpoints: Endpoints,
  key: Key,
  token: bigint,
  force: boolean,
  signal: AbortSignal,
): Promise<boolean> {
  for (;;) {
    const { kvs } = await endpoints.call(range, holderRequest(candidatesOf(key)), signal);
    const holder = kvs[0];
    if (!holder || BigInt(holder.create_revision) !== token) return false;
    const mark = markFor(key, holder, force);
    if (!mark && !force) return false;
    const success = [
      ...(mark ?? []),
      force ? { request_delete_range: { key: holder.key } } : markedRecord(holder),
    ];
    const { succeeded } = await endpoints.call(txn, { compare: unchanged(holder), success }, signal);
    if (succeeded) return true;
    // It announced something in between, or let go: look again.
  }
}

/** Revokes the lease of the holder with that token. A key without one is somebody's who did not want it to end. */
export async function endHoldersSession(
  endpoints: Endpoints,
  key: Key,
  token: bigint,
  signal: AbortSignal,
): Promise<boolean> {
  const { kvs } = await endpoints.call(range, holderRequest(candidatesOf(key)), signal);
  const holder = kvs[0];
  if (!holder || BigInt(holder.create_revision) !== token || holder.lease === '0') return false;
  try {
    await endpoints.call(leaseRevoke, { ID: holder.lease }, signal);
    return true;
  } catch (error) {
    if (error instanceof SessionGoneError) return false;
    throw error;
  }
}

/** The mark lives as long as the holder's lease; put under the lease that its path names. */
function markFor(key: Key, { key: path, lease }: IKeyValue, force: boolean): IRequestOp[] | undefined {
  const claim = claimAt(path);
  if (!claim || lease === '0') return undefined;
  const mark = askedPath(key.namespace, claim.leaseHex, claim.claimId);
  return [{ request_put: { key: mark, value: force ? FORCED : ASKED, lease } }];
}

function markedRecord({ key, value }: IKeyValue): IRequestOp {
  const record = decodeRecord(value.toString());
  const marked = record ? Buffer.from(encodeRecord({ ...record, evict: true })) : value;
  return { request_put: { key, value: marked, ignore_lease: true } };
}

const unchanged = ({ key, create_revision, mod_revision }: IKeyValue): ICompare[] => [
  { key, target: 'Create', result: 'Equal', create_revision },
  { key, target: 'Mod', result: 'Equal', mod_revision },
];
