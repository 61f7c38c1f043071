import type { Dialect, Statement } from '../database.ts';

/** Since when a key is idle that is freed now. One with a checkpoint is never idle: it may not be forgotten. */
export const idleAt = ({ nowUs }: Dialect): string => `CASE WHEN checkpoint IS NULL THEN ${nowUs} END`;

/** What a free key has in its row. */
export const freed = (dialect: Dialect): string =>
  `session_id = NULL, claim_id = NULL, asked = 0, value = '', idle_at = ${idleAt(dialect)}`;

/**
 * Frees all locks of which that is true. Several rows are locked in the order of their keys everywhere, so that
 * no two processes ever wait for each other. MySQL does so by itself, along its index, and SQLite has one writer.
 */
export function freeWhere(dialect: Dialect, locks: string, { text: where, values }: Statement): Statement {
  const set = `SET ${freed(dialect)}`;
  if (!dialect.unnest) return { text: `UPDATE ${locks} ${set} WHERE ${where}`, values };
  const text =
    `WITH mine AS (SELECT namespace AS k0, name AS k1 FROM ${locks} WHERE ${where} ORDER BY namespace, name FOR UPDATE) ` +
    `UPDATE ${locks} ${set} FROM mine WHERE namespace = mine.k0 AND name = mine.k1 AND (${where})`;
  return { text, values: [...values, ...values] };
}
