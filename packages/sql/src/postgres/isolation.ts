import type { PostgresClient } from './driver.ts';
import { queryOf } from './driver.ts';

const ASK =
  "SELECT current_setting('default_transaction_isolation') AS isolation, current_setting('synchronous_commit') AS commit";

const known = new WeakMap<PostgresClient, string | undefined>();

/**
 * How a transaction must begin on this connection, or undefined when a statement by itself does. A role or a database
 * can have defaults of its own: another isolation level would make statements fail that have to wait, and
 * `synchronous_commit = off` lets a crash of the server forget whom it granted a lock. Asked once a connection.
 */
export async function preamble(client: PostgresClient): Promise<string | undefined> {
  if (known.has(client)) return known.get(client);
  const { rows } = await client.query(queryOf(ASK));
  const { isolation, commit } = rows[0] ?? {};
  const begin = 'BEGIN ISOLATION LEVEL READ COMMITTED';
  const waits = 'SET LOCAL synchronous_commit = on';
  const text = commit === 'off' ? `${begin}; ${waits}` : isolation === 'read committed' ? undefined : begin;
  known.set(client, text);
  return text;
}
