import type { Key } from '@tenure/core/store';
import type { IKeyValue, IRangeRequest } from 'etcd3';
import type { Endpoints } from './endpoints.ts';
import { FORCED, askedOf, askedPath } from './keys.ts';
import { leaseTimeToLive, txn } from './rpc.ts';

/** Up to so many claims are looked at one by one in every renewal; etcd takes 128 operations a transaction. */
const CHUNK = 100;

/** A claim that should hold its key. */
export interface Holding {
  readonly key: Key;
  readonly claimId: string;
  readonly path: Buffer;
  readonly token: bigint;
}

export interface Findings<T> {
  /** Asked to let go. */
  readonly evicted: readonly T[];
  /** Taken by an operator. */
  readonly forced: readonly T[];
  readonly deleted: readonly T[];
}

const nameOf = (path: Buffer): string => path.toString('latin1');

/**
 * Asks etcd itself, in a handful of requests however many claims there are, which of them are asked to let go and
 * which hold their key no more. Where there are many, only a `thorough` look finds deleted keys.
 */
export async function inspect<T extends Holding>(
  holdings: readonly T[],
  lease: { readonly id: string; readonly hex: string },
  endpoints: Endpoints,
  thorough: boolean,
  signal: AbortSignal,
): Promise<Findings<T>> {
  const few = holdings.length <= CHUNK;
  const suspects = few ? holdings : thorough ? await unlisted(holdings, lease.id, endpoints, signal) : [];
  const namespaces = new Set(holdings.map(({ key }) => key.namespace));
  const folders = [...namespaces].map((namespace) => askedOf(namespace, lease.hex));
  const found = await read([...folders, ...suspects.map(({ path }) => ({ key: path }))], endpoints, signal);
  const marks = new Map(
    found
      .slice(0, folders.length)
      .flatMap((kvs) => kvs.map(({ key, value }): [string, boolean] => [nameOf(key), FORCED.equals(value)])),
  );
  const marked = (isForced: boolean): T[] =>
    holdings.filter(
      ({ key, claimId }) => marks.get(nameOf(askedPath(key.namespace, lease.hex, claimId))) === isForced,
    );
  const deleted = suspects.filter(({ token }, index) => {
    const kv = found[folders.length + index]?.[0];
    return kv?.create_revision !== String(token);
  });
  return { evicted: marked(false), forced: marked(true), deleted };
}

/**
 * Those whose keys are not on the lease, as the leader has it. Its list is good for a suspicion only: it may be a
 * deposed leader's, which the next look will not be.
 */
async function unlisted<T extends Holding>(
  holdings: readonly T[],
  lease: string,
  endpoints: Endpoints,
  signal: AbortSignal,
): Promise<readonly T[]> {
  const { keys } = await endpoints.call(leaseTimeToLive, { ID: lease, keys: true }, signal);
  const listed = new Set(keys.map(nameOf));
  return holdings.filter(({ path }) => !listed.has(nameOf(path)));
}

async function read(
  ranges: readonly IRangeRequest[],
  endpoints: Endpoints,
  signal: AbortSignal,
): Promise<IKeyValue[][]> {
  const chunks: Promise<IKeyValue[][]>[] = [];
  for (let at = 0; at < ranges.length; at += CHUNK) {
    const chunk = ranges.slice(at, at + CHUNK);
    const success = chunk.map((range) => ({ request_range: { ...range, keys_only: true } }));
    const answer = endpoints.call(txn, { success }, signal);
    chunks.push(answer.then(({ responses }) => responses.map(({ response_range }) => response_range.kvs)));
  }
  return (await Promise.all(chunks)).flat();
}
