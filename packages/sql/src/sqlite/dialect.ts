import { insertOrTake } from '../on-conflict.ts';
import type { Dialect } from '../database.ts';

const quote = (identifier: string): string => `"${identifier.replaceAll('"', '""')}"`;

export const sqliteDialect: Dialect = {
  // Whole milliseconds; the same through one statement. `julianday` is in every version, unlike `unixepoch('subsec')`.
  nowUs: "(CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000)",
  greatest: (one, other) => `max(${one}, ${other})`,
  quote,
  insertOrIgnore: (text) => `${text} ON CONFLICT DO NOTHING`,
  returning: true,
  unnest: false,
  insertOrTake: (locks, select) => insertOrTake(sqliteDialect, locks, select),
  // Text compares byte by byte unless told otherwise.
  createTables: ({ sessions, locks, prefix }) => [
    `CREATE TABLE IF NOT EXISTS ${sessions} (id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, ` +
      'expires_at INTEGER NOT NULL, revoked INTEGER NOT NULL, renewals INTEGER NOT NULL)',
    `CREATE TABLE IF NOT EXISTS ${locks} (namespace TEXT NOT NULL, name TEXT NOT NULL, session_id TEXT, ` +
      'claim_id TEXT, token INTEGER NOT NULL, value TEXT NOT NULL, asked INTEGER NOT NULL, checkpoint TEXT, ' +
      'checkpoint_token INTEGER, checkpoint_sequence INTEGER, idle_at INTEGER, PRIMARY KEY (namespace, name))',
    `CREATE INDEX IF NOT EXISTS ${quote(`${prefix}locks_session`)} ON ${locks} (session_id) WHERE session_id IS NOT NULL`,
    `CREATE INDEX IF NOT EXISTS ${quote(`${prefix}locks_idle`)} ON ${locks} (idle_at) WHERE idle_at IS NOT NULL`,
  ],
};
