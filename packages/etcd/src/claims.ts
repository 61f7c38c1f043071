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
  /** Who is first; undefined when we are. */
  readonly holder: IKeyValue | undefined;
  /** Who stands right before us; undefined when we are first, null when this answer can't tell. */
  readonly predecessor: Buffer | undefined | null;
  readonly checkpoint: Buffer | undefined;
}

/** Up to so many bytes a record may go twice. */
const SENT_TWICE_BYTES = 4096;

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

const look = ({ candidates, checkpoint }: Paths): readonly IRequestOp[] => [
  { request_range: oldest(candidates) },
  { request_range: newest(candidates, 2) },
  get(checkpoint),
];

/** Who is there already looks. It is a read: etcd writes nothing on any disk for it, as it does for a transaction that might put. */
export const lookRequest = (paths: Paths): ITxnRequest => ({
  compare: [{ key: paths.own, target: 'Create', result: 'Greater', create_revision: '0' }],
  success: [get(paths.own), ...look(paths)],
});

/**
 * Take a place in the queue unless we have one, and see who is first: one round trip, harmless to repeat. Mostly nobody
 * is there, and nothing needs to be looked at.
 */
export function standRequest(paths: Paths, value: string, lease: string): ITxnRequest {
  const { own, candidates, checkpoint } = paths;
  const record = Buffer.from(value);
  const put = { request_put: { key: own, value: record, lease } };
  const queue: ITxnRequest = {
    compare: [{ key: own, target: 'Create', result: 'Equal', create_revision: '0' }],
    success: [put, ...look(paths)],
    failure: [get(own), ...look(paths)],
  };
  // A large record is not sent twice: no version is less than 0.
  if (record.length > SENT_TWICE_BYTES)
    return {
      compare: [{ key: own, target: 'Version', result: 'Less', version: '0' }],
      failure: [{ request_txn: queue }],
    };
  return {
    // Of an empty range every comparison with 0 is true.
    compare: [{ ...candidates, target: 'Create', result: 'Equal', create_revision: '0' }],
    success: [put, get(checkpoint)],
    failure: [{ request_txn: queue }],
  };
}

/** What {@link standRequest} was answered. */
export function standingOf(
  paths: Paths,
  value: string,
  { header, succeeded, responses }: ITxnResponse,
): Standing {
  const revision = BigInt(header.revision);
  if (!succeeded) {
    const queue = responses[0]?.response_txn;
    return placeOf(paths, value, revision, queue?.succeeded === true, queue?.responses ?? []);
  }
  const checkpoint = kvsOf(responses[1]!)[0]?.value;
  return {
    revision,
    created: true,
    token: revision,
    ownValue: value,
    holder: undefined,
    predecessor: undefined,
    checkpoint,
  };
}

/** What {@link lookRequest} was answered; undefined when we have no place in the queue. */
export const sightOf = (
  paths: Paths,
  value: string,
  { header, succeeded, responses }: ITxnResponse,
): Standing | undefined =>
  succeeded ? placeOf(paths, value, BigInt(header.revision), false, responses) : undefined;

function placeOf(
  { own }: Paths,
  value: string,
  revision: bigint,
  created: boolean,
  responses: readonly Partial<IResponseOp>[],
): Standing {
  const [mine, firsts, lasts, checkpoints] = responses.map(kvsOf);
  const first = firsts?.[0];
  const existing = mine?.[0];
  if (!first || (!created && !existing)) throw new Error('etcd answered a claim without our own key');
  const isFirst = first.key.equals(own);
  const lastIsOwn = lasts?.[0]?.key.equals(own) === true;
  return {
    revision,
    created,
    token: BigInt(existing?.create_revision ?? revision),
    ownValue: existing?.value.toString() ?? value,
    holder: isFirst ? undefined : first,
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
