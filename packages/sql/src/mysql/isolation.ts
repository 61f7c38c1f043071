import { NotAppliedError } from '@tenure/core/store';
import { ask } from './driver.ts';
import type { MysqlConnection } from './driver.ts';
import { numberOf } from './failure.ts';

/** In seconds, and longer than the core waits for anything it asks of a live session: what it gave up ends in the server soon after. */
const LOCK_WAIT_S = 10;

/**
 * What a connection of our own is told first. READ COMMITTED, where a claim locks no more than its row; at REPEATABLE
 * READ it would also lock its own session's row, and hold up its renewal. Strict, so that nothing is cut off.
 */
const SETUP = [
  `SET autocommit = 1, sql_mode = 'STRICT_ALL_TABLES', innodb_lock_wait_timeout = ${LOCK_WAIT_S}, lock_wait_timeout = ${LOCK_WAIT_S}`,
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE',
];

export async function setUp(connection: MysqlConnection): Promise<void> {
  for (const text of SETUP) await ask(connection, text);
}

const IN_TRANSACTION = 1568;

/**
 * Does the work on a connection of the user's pool as on one of our own, and leaves nothing changed: the isolation level
 * is the next transaction's only. It costs a round trip, and cannot be asked once and remembered, as any other user of
 * the connection may change it. The server refuses it in the midst of a transaction that somebody left open: what we
 * wrote there could be rolled back, and what we read there be as old as that.
 */
export async function apart<T>(connection: MysqlConnection, work: () => Promise<T>): Promise<T> {
  const { autocommit } = await ask(
    connection,
    'SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE',
  ).catch((error: unknown) => {
    if (numberOf(error) !== IN_TRANSACTION) throw error;
    throw new NotAppliedError(
      'the pool gave a connection in the midst of a transaction: somebody released it without COMMIT or ROLLBACK',
    );
  });
  if (autocommit) return work();
  try {
    const result = await work();
    await ask(connection, 'COMMIT');
    return result;
  } catch (error) {
    await ask(connection, 'ROLLBACK').catch(() => {});
    throw error;
  }
}
