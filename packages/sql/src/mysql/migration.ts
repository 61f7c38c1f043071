import type { Tables } from '../database.ts';
import { ask } from './driver.ts';
import type { MysqlConnection } from './driver.ts';
import { isNoSuchTable } from './failure.ts';

/** Every column that the statements use: a later version that adds one names it here. */
const COLUMNS: Readonly<Record<'sessions' | 'locks', string>> = {
  sessions: 'id, name, expires_at, revoked, renewals',
  locks:
    'namespace, name, session_id, claim_id, token, value, asked, idle_at, checkpoint, checkpoint_token, checkpoint_sequence',
};

/**
 * Each statement by itself: MySQL commits a CREATE TABLE at once, and makes a table with its indexes or not at all.
 * IF NOT EXISTS lets many do it at the same time; whoever finds one of two tables makes the other. Nothing is tried
 * where both are there, so that a user who may not make tables can call this: then false.
 */
export async function migrateOn(
  connection: MysqlConnection,
  tables: Tables,
  statements: readonly string[],
): Promise<boolean> {
  if (await areThere(connection, tables)) return false;
  for (const statement of statements) await ask(connection, statement);
  return true;
}

/** Rejects when they are, and lack a column. */
async function areThere(connection: MysqlConnection, tables: Tables): Promise<boolean> {
  try {
    for (const table of ['sessions', 'locks'] as const) {
      await ask(connection, `SELECT ${COLUMNS[table]} FROM ${tables[table]} LIMIT 0`);
    }
    return true;
  } catch (error) {
    if (isNoSuchTable(error)) return false;
    throw error;
  }
}
