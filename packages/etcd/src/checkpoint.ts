/**
 * A checkpoint is stored with the token and the sequence of its save in front, in fixed width, so that etcd
 * itself can tell a late duplicate of an older save: `00000000000000000042.0000000000000007\n<value>`.
 */
import type { ICompare, IRequestOp, ITxnRequest } from 'etcd3';
import { holds } from './claims.ts';
import type { Paths } from './claims.ts';

const TOKEN_DIGITS = 20;
const SEQUENCE_DIGITS = 16;
export const HEADER_BYTES: number = TOKEN_DIGITS + SEQUENCE_DIGITS + 2;

export const decodeCheckpoint = (stored: Buffer | undefined): string | undefined =>
  stored?.toString().replace(/^\d{20}\.\d{16}\n/u, '');

/**
 * Succeeds while the claim holds the key. Writes unless this or a later save of the same term is there already;
 * what another term left, or a person, goes. The value is in the request once, however long it is.
 */
export function saveRequest(paths: Paths, token: bigint, sequence: number, value: string): ITxnRequest {
  const key = paths.checkpoint;
  const term = `${String(token).padStart(TOKEN_DIGITS, '0')}.`;
  const save = term + String(sequence).padStart(SEQUENCE_DIGITS, '0');
  const put: IRequestOp = { request_put: { key, value: Buffer.from(`${save}\n${value}`) } };
  // False also where there is nothing.
  const isThere: ICompare[] = [
    { key, target: 'Value', result: 'Greater', value: Buffer.from(save) },
    { key, target: 'Value', result: 'Less', value: Buffer.from(`${term}~`) },
  ];
  return {
    compare: holds(paths, token),
    success: [{ request_txn: { compare: isThere, failure: [put] } }],
  };
}
