import type { ClaimNews, Holder, Key, Sight as Observed } from '@tenure/core/store';
import type { Row } from '../database.ts';
import { bigintOf, remainingMs, textOf, textOrNone } from './row.ts';
import type { Site } from './site.ts';

/** A row of the locks as it was read. */
export interface LockRow {
  /** Undefined when it is free. */
  readonly sessionId: string | undefined;
  readonly claimId: string | undefined;
  readonly token: bigint;
  readonly value: string;
  readonly asked: boolean;
  readonly checkpoint: string | undefined;
  /** Of its holder's session, in milliseconds, by the database's clock; 0 when that is over or gone. */
  readonly remainingMs: number;
}

export interface Sight {
  /** Undefined when nobody has claimed the key since it was last forgotten. */
  readonly lock: LockRow | undefined;
  /** The asker's own session, by the database's clock, as of the same look. */
  readonly ownRemainingMs: number;
}

export async function look(
  site: Site,
  key: Key,
  asker: { readonly sessionId: string; readonly claimId: string },
  signal: AbortSignal,
): Promise<Sight> {
  const { rows } = await site.run(site.sql.locks.look(key, asker), signal);
  const [row] = rows;
  if (row) return { lock: lockOf(row), ownRemainingMs: remainingMs(row, 'own_us') };
  return { lock: undefined, ownRemainingMs: await remainingOf(site, asker.sessionId, signal) };
}

/** 0 when it is over or gone. */
export async function remainingOf(site: Site, sessionId: string, signal: AbortSignal): Promise<number> {
  const { rows } = await site.run(site.sql.sessions.see(sessionId), signal);
  return rows[0] ? remainingMs(rows[0], 'remaining_us') : 0;
}

export const lockOf = (row: Row): LockRow => ({
  sessionId: textOrNone(row, 'session_id'),
  claimId: textOrNone(row, 'claim_id'),
  token: bigintOf(row, 'token'),
  value: textOf(row, 'value'),
  asked: bigintOf(row, 'asked') !== 0n,
  checkpoint: textOrNone(row, 'checkpoint'),
  remainingMs: remainingMs(row, 'remaining_us'),
});

export const holderOf = ({ name }: Key, { token, value }: LockRow): Holder => ({ key: name, token, value });

/** All that observers can tell apart, in one string; a free key that was held since it was last seen is another one. */
export const glance = ({ holder, lastToken = 0n }: Pick<Observed, 'holder' | 'lastToken'>): string =>
  holder ? `${holder.token} ${holder.value}` : `free ${lastToken}`;

/** What has become of a key that a claim has lost. One that is taken by force keeps the claim's id until it is granted anew. */
export function fateOf(
  lock: { readonly claimId: string | undefined } | undefined,
  claimId: string,
): ClaimNews['what'] {
  if (!lock) return 'deleted';
  return lock.claimId === claimId ? 'forced' : 'superseded';
}
