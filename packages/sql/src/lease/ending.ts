import type { News } from '../database.ts';
import { textOf } from './row.ts';
import type { Site } from './site.ts';

/**
 * Ends a session and frees what it holds. Its row goes first: from then on its locks are nobody's, and a renewal or a
 * claim of it is refused. Every step does no harm when it is repeated.
 * @returns false when it was over already
 */
export async function endSessionOf(site: Site, sessionId: string, signal: AbortSignal): Promise<boolean> {
  await site.enter(signal);
  const { sql, newsroom } = site;
  const news: News[] = [];
  const { rows } = await site.run(sql.locks.of(sessionId), signal);
  const { changed } = await site.run(sql.sessions.delete(sessionId), signal);
  // What it may have won between these two is nobody's too: whoever comes finds the session missing.
  const freed = await site.run(sql.releases.allOf(sessionId), signal);
  if (freed.changed > 0) {
    const keys = rows.map((row) => ({ namespace: textOf(row, 'namespace'), name: textOf(row, 'name') }));
    news.push(...keys.map((key) => ({ what: 'changed', key }) as const));
  }
  if (changed > 0) news.push({ what: 'revoked', sessionId });
  await newsroom.tell(news, signal);
  return changed > 0;
}
