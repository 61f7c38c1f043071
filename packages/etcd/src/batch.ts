import type { ITxnRequest, ITxnResponse } from 'etcd3';
import { Batches } from '@tenure/core/store';
import type { BatchItem } from '@tenure/core/store';
import type { Endpoints } from './endpoints.ts';
import { isRefusedAsBatch } from './errors.ts';
import { txn } from './rpc.ts';

/** etcd takes 128 operations in a transaction (`--max-txn-ops`), those of the largest one inside it included. */
const MOST = 64;
const MOST_BYTES = 256 * 1024;

/** A transaction that may share a request with others, but not with one of its lane: all that one request writes has the same revision, and that is the token. */
interface Part extends BatchItem {
  readonly request: ITxnRequest;
}

export type Batch = Batches<Part, ITxnResponse>;

/** The transactions of one session, each in a transaction of its own inside the one that is sent. */
export const batchOn = (endpoints: Endpoints): Batch =>
  new Batches({
    most: MOST,
    mostBytes: MOST_BYTES,
    isRefused: isRefusedAsBatch,
    send: async (parts, signal) => {
      const [only] = parts;
      if (parts.length === 1 && only) return [await endpoints.call(txn, only.request, signal)];
      const success = parts.map(({ request }) => ({ request_txn: request }));
      const { header, responses } = await endpoints.call(txn, { success }, signal);
      return parts.map((_part, index) => ({ ...responses[index]!.response_txn, header }));
    },
  });
