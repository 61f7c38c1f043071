/** Anything `JSON.stringify` keeps. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** What a candidate writes under its key: who it is, for observers, and which claim it is, for itself. */
export interface ClaimRecord {
  /** The candidate's id. */
  readonly id: string;
  /** The nonce of this attempt to win. */
  readonly claimId: string;
  readonly metadata?: Json;
  /** RFC 3339, by the candidate's wall clock. For people; nothing is decided by it. */
  readonly acquiredAt: string;
  /** Only in stores that cannot show the token otherwise. */
  readonly token?: bigint;
  /** An operator asks the holder to let go (`evict`). */
  readonly evict?: true;
}

export function encodeRecord(record: ClaimRecord): string {
  return JSON.stringify(record.token === undefined ? record : { ...record, token: String(record.token) });
}

/** Undefined for a value that another program wrote (etcdctl, `consul lock`, a person). */
export function decodeRecord(value: string): ClaimRecord | undefined {
  let record: unknown;
  try {
    record = JSON.parse(value);
  } catch {
    return undefined;
  }
  if (typeof record !== 'object' || record === null) return undefined;
  const { id, claimId, metadata, acquiredAt, token, evict } = record as Record<string, unknown>;
  if (typeof id !== 'string' || typeof claimId !== 'string' || typeof acquiredAt !== 'string')
    return undefined;
  return {
    id,
    claimId,
    acquiredAt,
    ...(metadata === undefined ? {} : { metadata: metadata as Json }),
    ...(typeof token === 'string' && /^\d+$/u.test(token) ? { token: BigInt(token) } : {}),
    ...(evict === true ? { evict } : {}),
  };
}
