/**
 * The transactions of a claim. Each names the claim's own key, whose path holds lease and claim id, and whose
 * create revision is the token: they cannot touch anyone else's, nor an earlier or later one of the same session.
 */
import type {
  ICompare,
  IKeyValue,
  IRangeRequest,
  IRequestOp,
  IResponseOp,
  ITxnRequest,
  ITxnResponse,
} from 'etcd3';
import type { Range } from './keys.ts';

export interface Paths {
  readonly own: Buffer;
  readonly candidates: Range;
  readonly checkpoint: Buffer;
}

export interface Standing {
  /** The store's revision as of this answer. */
  readonly revision: bigint;
  /** True when this very transaction put the key. */
  readonly created: boolean;
  readonly token: bigint;
  readonly ownValue: string;
  readonly first: IKeyValue;
  /** Who stands right before us; undefined when we are first, null when this answer can't tell. */
  readonly predecessor: Buffer | undefined | null;
  readonly checkpoint: Buffer | undefined;
}

const oldest = (candidates: Range): IRangeRequest => ({
  ...candidates,
  limit: 1,
  sort_order: 'Ascend',
  sort_target: 'Create',
});

const newest = (candidates: Range, limit: number): IRangeRequest => ({
  ...candidates,
  limit,
  sort_order: 'Descend',
  sort_target: 'Create',
  keys_only: true,
});

const get = (key: Buffer): IRequestOp => ({ request_range: { key } });

/** What a put answers is no range. */
const kvsOf = (response: Partial<IResponseOp>): IKeyValue[] => response.response_range?.kvs ?? [];

/** Take a place in the queue unless we have one, and see who is first: one round trip, harmless to repeat. */
export function standRequest(
  { own, candidates, checkpoint }: Paths,
  value: string,
  lease: string,
): ITxnRequest {
  const look = [
    { request_range: oldest(candidates) },
    { request_range: newest(candidates, 2) },
    get(checkpoint),
  ];
  return {
    compare: [{ key: own, target: 'Create', result: 'Equal', create_revision: '0' }],
    success: [{ request_put: { key: own, value: Buffer.from(value), lease } }, ...look],
    failure: [get(own), ...look],
  };
}

export function standingOf(
  { own }: Paths,
  value: string,
  { header, succeeded, responses }: ITxnResponse,
): Standing {
  const [mine, firsts, lasts, checkpoints] = responses.map(kvsOf);
  const first = firsts?.[0];
  const existing = mine?.[0];
  if (!first || (!succeeded && !existing)) throw new Error('etcd answered a claim without our own key');
  const isFirst = first.key.equals(own);
  const lastIsOwn = lasts?.[0]?.key.equals(own) === true;
  return {
    revision: BigInt(header.revision),
    created: succeeded,
    token: BigInt(existing?.create_revision ?? header.revision),
    ownValue: existing?.value.toString() ?? value,
    first,
    predecessor: isFirst ? undefined : lastIsOwn ? (lasts[1]?.key ?? null) : null,
    checkpoint: checkpoints?.[0]?.value,
  };
}

export const predecessorRequest = (candidates: Range, token: bigint): IRangeRequest => ({
  ...newest(candidates, 1),
  max_create_revision: String(token - 1n),
});

/** True in a transaction while the claim holds the election: its key is there, and none is older. */
export const holds = ({ own, candidates }: Paths, token: bigint): ICompare[] => [
  { key: own, target: 'Create', result: 'Equal', create_revision: String(token) },
  { ...candidates, target: 'Create', result: 'Greater', create_revision: String(token - 1n) },
];

export const announceRequest = (paths: Paths, token: bigint, value: string, lease: string): ITxnRequest => ({
  compare: holds(paths, token),
  success: [{ request_put: { key: paths.own, value: Buffer.from(value), lease } }],
});

export const releaseRequest = (own: Buffer, asked: Buffer): ITxnRequest => ({
  success: [{ request_delete_range: { key: own } }, { request_delete_range: { key: asked } }],
});

export const holderRequest = (candidates: Range): IRangeRequest => oldest(candidates);
