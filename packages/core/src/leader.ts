import { decodeRecord } from './record.ts';
import type { Json } from './record.ts';
import type { Holder } from './store.ts';

/** Who stands: shown to everybody who asks the store. */
export interface Candidate {
  /** @default `hostname:pid:random`, new at every start: two processes never share one. */
  readonly id: string;
  readonly metadata?: Json;
}

/** Who leads an election, or holds a lock, as the store tells it. */
export interface Leader {
  readonly key: string;
  /** The candidate's id; the raw value where another program holds the key. */
  readonly id: string;
  readonly token: bigint;
  readonly metadata: Json | undefined;
  /** RFC 3339, by the leader's own wall clock; undefined where another program holds the key. */
  readonly acquiredAt: string | undefined;
  /** As it stands in the store, whoever wrote it. */
  readonly value: string;
}

export function leaderOf({ key, token, value }: Holder): Leader {
  const record = decodeRecord(value);
  return {
    key,
    token,
    value,
    id: record?.id ?? value,
    metadata: record?.metadata,
    acquiredAt: record?.acquiredAt,
  };
}
