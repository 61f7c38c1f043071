import { decodeRecord, encodeRecord, type ClaimRecord, type Key } from '@tenure/core/store';
import type { Pair } from './pair.ts';

/** A claim that Consul has granted to this session, until it is released. */
export interface Hold {
  readonly key: Key;
  readonly path: string;
  readonly claimId: string;
  readonly token: bigint;
  /** The newest index at which the key was seen to be ours. */
  index: number;
  /** The checkpoint as last seen: its index, undefined if there was none, and the newest sequence that is ours. */
  saved: { readonly index: number | undefined; readonly sequence: number };
  /** What the key should say. */
  record: ClaimRecord;
  /** Once lost, a claim does not come back. */
  lost: 'deleted' | 'superseded' | 'forced' | undefined;
  isAskedBack: boolean;
  /** Stops watching the key. */
  leave: () => void;
}

/** `tampered`: still ours, but somebody has written over the value, which in Consul does not touch the lock. */
export type Verdict = 'held' | 'asked-back' | 'tampered' | 'deleted' | 'superseded' | 'forced';

export function judge(hold: Hold, session: string, pair: Pair | undefined): Verdict {
  if (pair === undefined) return 'deleted';
  const record = decodeRecord(pair.value);
  const isOurs = record?.claimId === hold.claimId;
  if (pair.session !== session) return isOurs && record.evict ? 'forced' : 'superseded';
  if (record === undefined) return 'tampered';
  if (!isOurs) return 'superseded';
  return record.evict ? 'asked-back' : 'held';
}

/** Takes note of what the store shows. True if that is news. */
export function observe(hold: Hold, session: string, pair: Pair | undefined): boolean {
  if (hold.lost) return false;
  const verdict = judge(hold, session, pair);
  switch (verdict) {
    case 'deleted':
    case 'superseded':
    case 'forced':
      hold.lost = verdict;
      return true;
    case 'held':
    case 'asked-back': {
      const isNews = verdict === 'asked-back' && !hold.isAskedBack;
      hold.index = Math.max(hold.index, pair!.modifyIndex);
      hold.isAskedBack ||= isNews;
      return isNews;
    }
    case 'tampered':
      hold.index = Math.max(hold.index, pair!.modifyIndex);
      return false;
  }
}

/** With the token, since this write moves the index that was the token; and with what an operator has asked. */
export function valueOf({ claimId, token, isAskedBack }: Hold, record: ClaimRecord): string {
  return encodeRecord({ ...record, claimId, token, ...(isAskedBack ? { evict: true } : {}) });
}
