/** Giving keys back, and telling it. */
import { AccessDeniedError, InvalidArgumentError } from '@tenure/core/store';
import type { News, Statement } from '../database.ts';
import type { Hold } from './release-statements.ts';
import { textOf } from './row.ts';
import type { Site } from './site.ts';

/** False when there was nothing to give back. */
export async function free(site: Site, hold: Hold, signal: AbortSignal): Promise<boolean> {
  return write(site, site.sql.releases.one(hold), { what: 'changed', key: hold.key }, signal);
}

/** {@link free} for each of them. Where the database cannot say which, all of them are said to have been there. */
export async function freeAll(
  site: Site,
  holds: readonly Hold[],
  signal: AbortSignal,
): Promise<readonly boolean[]> {
  const { sql, database, newsroom } = site;
  if (database.runTogether) {
    const statements = holds.map((hold) => sql.releases.one(hold));
    const answers = await site.runTogether(statements, signal);
    for (const [i, { changed }] of answers.entries()) if (changed > 0) newsroom.hear(changedOf(holds[i]!));
    return answers.map(({ changed }) => changed > 0);
  }
  const { rows, changed } = await site.run(sql.releases.many(holds), signal);
  const freed = new Set(rows.map((row) => textOf(row, 'claim_id')));
  const was = holds.map(({ claimId }) => (database.dialect.unnest ? freed.has(claimId) : changed > 0));
  for (const [i, hold] of holds.entries()) if (was[i]) newsroom.hear(changedOf(hold));
  return was;
}

const changedOf = ({ key }: Hold): News => ({ what: 'changed', key });

/**
 * An UPDATE of one row and its news: told by the statement itself where that can be, so that there are no news without
 * the change and no change without the news. False when there was no such row.
 */
export async function write(
  site: Site,
  statement: Statement,
  news: News,
  signal: AbortSignal,
): Promise<boolean> {
  const { telling } = site.database;
  if (!telling) return plainly(site, statement, news, signal);
  const { text, values, ...rest } = statement;
  const told: Statement = {
    text: `${text} RETURNING ${telling.call}`,
    values: [...values, telling.payloadOf(news)],
    ...rest,
  };
  try {
    const { changed } = await site.run(told, signal);
    if (changed > 0) site.newsroom.hear(news);
    return changed > 0;
  } catch (error) {
    // It may be the telling that is refused: no right to it, or nobody has read the news for so long that there is no room.
    if (!isRefused(error)) throw error;
    return plainly(site, statement, news, signal);
  }
}

async function plainly(site: Site, statement: Statement, news: News, signal: AbortSignal): Promise<boolean> {
  const { changed } = await site.run(statement, signal);
  if (changed > 0) await site.newsroom.tell([news], signal);
  return changed > 0;
}

/** The database has said no, to the whole of what it was given. */
export const isRefused = (error: unknown): boolean =>
  error instanceof InvalidArgumentError || error instanceof AccessDeniedError;
