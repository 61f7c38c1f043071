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
  createTables,
};

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
