import type { Key } from '@tenure/core/store';
import { textOf } from './row.ts';
import type { Site } from './site.ts';

const MESSAGES_AT_ONCE = 8;

/**
 * Ends a session and frees what it holds. Its row goes first: from then on its locks are nobody's, and a renewal or a
 * claim of it is refused. Every step does no harm when it is repeated.
 * @returns false when it was over already
 */
export async function endSessionOf(site: Site, sessionId: string, signal: AbortSignal): Promise<boolean> {
  await site.enter(signal);
  const { sql, newsroom } = site;
  const { rows } = await site.run(sql.locks.of(sessionId), signal);
  const { changed } = await site.run(sql.sessions.delete(sessionId), signal);
  // What it may have won between these two is nobody's too: whoever comes finds the session missing.
  const freed = await site.run(sql.locks.freeAllOf(sessionId), signal);
  if (freed.changed > 0) {
    const keys = rows.map((row) => ({ namespace: textOf(row, 'namespace'), name: textOf(row, 'name') }));
    await tellAll(site, keys, signal);
  }
  if (changed > 0) await newsroom.tell({ what: 'revoked', sessionId }, signal);
  return changed > 0;
}

/** In this process at once; to the others a few messages at a time. */
async function tellAll({ newsroom }: Site, keys: readonly Key[], signal: AbortSignal): Promise<void> {
  for (let i = 0; i < keys.length && !signal.aborted; i += MESSAGES_AT_ONCE) {
    const some = keys.slice(i, i + MESSAGES_AT_ONCE);
    await Promise.all(some.map((key) => newsroom.tell({ what: 'changed', key }, signal)));
  }
}
