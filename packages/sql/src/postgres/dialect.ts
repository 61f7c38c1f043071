import { insertOrTake } from '../on-conflict.ts';
import type { Dialect, Tables } from '../database.ts';

export const quote = (identifier: string): string => `"${identifier.replaceAll('"', '""')}"`;

export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export const dialect: Dialect = {
  // Of the statement's own moment, where now() is that of the transaction. The epoch knows no time zone. Numeric from
  // version 14 on, and before that a double that still has all microseconds.
  nowUs: '(extract(epoch from clock_timestamp()) * 1000000)::bigint',
  greatest: (one, other) => `GREATEST(${one}, ${other})`,
  quote,
  insertOrIgnore: (text) => `${text} ON CONFLICT DO NOTHING`,
  returning: true,
  unnest: true,
  insertOrTake: (locks, select) => insertOrTake(dialect, locks, select),
  createTables,
};

/**
 * "C": bytes decide, so that no two keys are one and none changes its place with the system's libraries. Only the lock
 * table lives long, and its rows are overwritten often: room in each page, so that this costs no index.
 */
function createTables({ sessions, locks, prefix }: Tables): readonly string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${sessions} (\n` +
      '  id text COLLATE "C" PRIMARY KEY,\n' +
      '  name text NOT NULL,\n' +
      '  expires_at bigint NOT NULL,\n' +
      '  revoked bigint NOT NULL,\n' +
      '  renewals bigint NOT NULL\n' +
      ') WITH (fillfactor = 50)',
    `CREATE TABLE IF NOT EXISTS ${locks} (\n` +
      '  namespace text COLLATE "C" NOT NULL,\n' +
      '  name text COLLATE "C" NOT NULL,\n' +
      '  session_id text COLLATE "C",\n' +
      '  claim_id text COLLATE "C",\n' +
      '  token bigint NOT NULL,\n' +
      '  value text NOT NULL,\n' +
      '  asked smallint NOT NULL,\n' +
      '  idle_at bigint,\n' +
      '  checkpoint text,\n' +
      '  checkpoint_token bigint,\n' +
      '  checkpoint_sequence bigint,\n' +
      '  PRIMARY KEY (namespace, name)\n' +
      ') WITH (fillfactor = 50)',
    `CREATE INDEX IF NOT EXISTS ${quote(`${prefix}locks_session_id`)} ON ${locks} (session_id) WHERE session_id IS NOT NULL`,
    `CREATE INDEX IF NOT EXISTS ${quote(`${prefix}locks_idle_at`)} ON ${locks} (idle_at) WHERE idle_at IS NOT NULL`,
  ];
}
