import { CLAIM_COLUMNS } from '../database.ts';
import type { Dialect, Tables } from '../database.ts';

const quote = (identifier: string): string => `\`${identifier.replaceAll('`', '``')}\``;

export const dialect: Dialect = {
  // Zone-free: two times of UTC, whatever the session's time zone. UTC_TIMESTAMP is when the statement began, and one
  // that has to wait for a row goes on with it. That errs on the safe side. A renewal gives less than its TTL, and as
  // much as its sender counts on, who counts from before that. It may come after the expiry if it began before it, but
  // only while the row is there, and nobody takes a lock before the row is gone. A thief takes a session for more alive
  // than it is. And both check the newest version of the row, under its lock.
  nowUs: "TIMESTAMPDIFF(MICROSECOND, TIMESTAMP'1970-01-01 00:00:00', UTC_TIMESTAMP(6))",
  greatest: (one, other) => `GREATEST(${one}, ${other})`,
  quote,
  // Not INSERT IGNORE, which cuts off what is too long.
  insertOrIgnore: (text) => text,
  returning: false,
  unnest: false,
  insertOrTake,
  createTables,
};

/** Assignments are made one after another, and see what those before them have made: the session comes last. */
function insertOrTake(locks: string, select: string): string {
  const higher = dialect.greatest('token + 1', dialect.nowUs);
  return (
    `INSERT INTO ${locks} (${CLAIM_COLUMNS}) ${select} ON DUPLICATE KEY UPDATE ` +
    // The number goes to the sender, and then its size becomes the token.
    `token = IF(session_id IS NULL, ABS(${signed(`IF(checkpoint IS NULL, 1, -1) * ${higher}`)}), token + ${signed('0')}), ` +
    `${['claim_id', 'value', 'asked'].map(given).join(', ')}, ` +
    'idle_at = IF(session_id IS NULL, NULL, idle_at), session_id = COALESCE(session_id, VALUES(session_id))'
  );
}

const given = (column: string): string => `${column} = IF(session_id IS NULL, VALUES(${column}), ${column})`;

/** LAST_INSERT_ID answers a number without a sign. */
const signed = (expression: string): string => `CAST(LAST_INSERT_ID(${expression}) AS SIGNED)`;

const HOW = 'ENGINE = InnoDB ROW_FORMAT = DYNAMIC';

/**
 * Bytes, as MySQL and MariaDB share no collation in which spaces at the end count. A primary key may take 3072 of them,
 * with the usual pages of 16 KiB, and with small letters for table names or not.
 */
function createTables({ sessions, locks }: Tables): readonly string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${sessions} (\n` +
      '  id varbinary(1024) NOT NULL,\n' +
      '  name blob NOT NULL,\n' +
      '  expires_at bigint NOT NULL,\n' +
      '  revoked bigint NOT NULL,\n' +
      '  renewals bigint NOT NULL,\n' +
      '  PRIMARY KEY (id)\n' +
      `) ${HOW}`,
    `CREATE TABLE IF NOT EXISTS ${locks} (\n` +
      '  namespace varbinary(1024) NOT NULL,\n' +
      '  name varbinary(1024) NOT NULL,\n' +
      '  session_id varbinary(1024) NULL,\n' +
      '  claim_id varbinary(1024) NULL,\n' +
      '  token bigint NOT NULL,\n' +
      '  value longblob NOT NULL,\n' +
      '  asked tinyint NOT NULL,\n' +
      '  idle_at bigint NULL,\n' +
      '  checkpoint longblob NULL,\n' +
      '  checkpoint_token bigint NULL,\n' +
      '  checkpoint_sequence bigint NULL,\n' +
      '  PRIMARY KEY (namespace, name),\n' +
      '  KEY session_id (session_id),\n' +
      '  KEY idle_at (idle_at)\n' +
      `) ${HOW}`,
  ];
}
