import type pg from 'pg';
import type { Steal } from './venue.ts';

const NOW = '(extract(epoch from clock_timestamp()) * 1000000)::bigint';

/**
 * The steal that comes to mind first: one statement that takes the key unless its holder's session lives. It lets two
 * in. PostgreSQL decides by the sessions as they were when the statement began, and renewals that were committed since
 * are not among them.
 */
export function naturalSteal(pool: Pick<pg.Pool, 'query'>, thiefSessionId: string): Steal {
  return async ({ namespace, name }) => {
    const { rowCount } = await pool.query(
      `UPDATE tenure_locks SET session_id = $1, token = GREATEST(token + 1, ${NOW}) ` +
        'WHERE namespace = $2 AND name = $3 AND NOT EXISTS ' +
        `(SELECT 1 FROM tenure_sessions s WHERE s.id = tenure_locks.session_id AND s.expires_at > ${NOW})`,
      [thiefSessionId, namespace, name],
    );
    return rowCount === 1;
  };
}
