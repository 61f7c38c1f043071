import type { PostgresClient } from './driver.ts';
import { queryOf } from './driver.ts';

const ASK =
  "SELECT current_setting('default_transaction_isolation') AS isolation, current_setting('synchronous_commit') AS commit, " +
  'pg_backend_pid() AS pid';

/** What has to be known of a connection before it is used. */
export interface Manners {
  /** How a transaction must begin on it, or undefined when a statement by itself does. */
  readonly begin: string | undefined;
  /** It leads to one server process, so what is prepared there stays prepared. Not so behind a pooler, whose process ids are made up. */
  readonly direct: boolean;
}

const known = new WeakMap<PostgresClient, Manners>();

/**
 * A role or a database can have defaults of its own: another isolation level would make statements fail that have to
 * wait, and `synchronous_commit = off` lets a crash of the server forget whom it granted a lock. Asked once a connection.
 */
export async function mannersOf(client: PostgresClient): Promise<Manners> {
  const { rows } = await client.query(queryOf(ASK));
  const { isolation, commit, pid } = rows[0] ?? {};
  const begin = 'BEGIN ISOLATION LEVEL READ COMMITTED';
  const waits = 'SET LOCAL synchronous_commit = on';
  const manners = {
    begin: commit === 'off' ? `${begin}; ${waits}` : isolation === 'read committed' ? undefined : begin,
    direct: pid !== undefined && pid === client.processID,
  };
  known.set(client, manners);
  return manners;
}

/** Undefined before the connection was asked. */
export const knownManners = (client: PostgresClient): Manners | undefined => known.get(client);
