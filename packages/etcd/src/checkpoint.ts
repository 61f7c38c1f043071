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

const termOf = (token: bigint): string => `${String(token).padStart(TOKEN_DIGITS, '0')}.`;

export const decodeCheckpoint = (stored: Buffer | undefined): string | undefined =>
  stored?.toString().replace(/^\d{20}\.\d{16}\n/u, '');

/**
 * Succeeds while the claim holds the key. Writes unless this or a later save of the same term is there already;
 * what another term left, or a person, goes.
 */
export function saveRequest(paths: Paths, token: bigint, sequence: number, value: string): ITxnRequest {
  const key = paths.checkpoint;
  const header = `${termOf(token)}${String(sequence).padStart(SEQUENCE_DIGITS, '0')}\n`;
  const put: IRequestOp = { request_put: { key, value: Buffer.from(header + value) } };
  const value_ = (result: 'Less' | 'Greater', bound: string): ICompare => ({
    key,
    target: 'Value',
    result,
    value: Buffer.from(bound),
  });
  const otherwise = (compare: ICompare, failure: IRequestOp[]): IRequestOp[] => [
    { request_txn: { compare: [compare], success: [put], failure } },
  ];
  const absent: ICompare = { key, target: 'Create', result: 'Equal', create_revision: '0' };
  return {
    compare: holds(paths, token),
    success: otherwise(
      absent,
      otherwise(value_('Less', header), otherwise(value_('Greater', `${termOf(token)}~`), [])),
    ),
  };
}
