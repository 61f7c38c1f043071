import { decodeRecord, encodeRecord, NotAppliedError } from '@tenure/core/store';
import type { Key } from '@tenure/core/store';
import { endSessionOf } from './ending.ts';
import { lockOf } from './sight.ts';
import type { LockRow } from './sight.ts';
import type { Site } from './site.ts';

const ATTEMPTS = 5;

type HeldRow = LockRow & { readonly sessionId: string };

/**
 * Asks the holder with that token to let go. The mark first and the session's counter after it: a renewal that finds
 * the counter moved finds the mark.
 */
export async function ask(site: Site, key: Key, token: bigint, signal: AbortSignal): Promise<boolean> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const row = await held(site, key, token, signal);
    if (!row) return false;
    const record = decodeRecord(row.value);
    const value = record ? encodeRecord({ ...record, evict: true }) : row.value;
    const { changed } = await site.run(site.sql.locks.ask(key, row, value), signal);
    if (changed === 0) continue;
    await notify(site, key, row.sessionId, signal);
    return true;
  }
  throw new NotAppliedError(
    `what "${key.name}" shows changed during each of ${ATTEMPTS} attempts to evict its holder`,
  );
}

/** Takes the key from the holder with that token. Its session lives on. */
export async function force(site: Site, key: Key, token: bigint, signal: AbortSignal): Promise<boolean> {
  const row = await held(site, key, token, signal);
  if (!row || (await site.run(site.sql.locks.force(key, row), signal)).changed === 0) return false;
  await notify(site, key, row.sessionId, signal);
  return true;
}

/** Ends the session of the holder with that token. */
export async function endSession(site: Site, key: Key, token: bigint, signal: AbortSignal): Promise<boolean> {
  const row = await held(site, key, token, signal);
  return row ? endSessionOf(site, row.sessionId, signal) : false;
}

async function held(site: Site, key: Key, token: bigint, signal: AbortSignal): Promise<HeldRow | undefined> {
  await site.enter(signal);
  const { rows } = await site.run(site.sql.observers.holder(key), signal);
  const row = rows[0] && lockOf(rows[0]);
  return row?.sessionId !== undefined && row.token === token
    ? { ...row, sessionId: row.sessionId }
    : undefined;
}

async function notify(site: Site, key: Key, sessionId: string, signal: AbortSignal): Promise<void> {
  await site.run(site.sql.sessions.bump(sessionId), signal);
  const news = [
    { what: 'revoked', sessionId },
    { what: 'changed', key },
  ] as const;
  await site.newsroom.tell(news, signal);
}
