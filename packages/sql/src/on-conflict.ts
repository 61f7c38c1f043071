import { CLAIM_COLUMNS } from './database.ts';
import type { Dialect } from './database.ts';

/** {@link Dialect.insertOrTake} where there is ON CONFLICT and RETURNING. */
export function insertOrTake(
  { greatest, nowUs }: Pick<Dialect, 'greatest' | 'nowUs'>,
  locks: string,
  select: string,
): string {
  return (
    `INSERT INTO ${locks} AS l (${CLAIM_COLUMNS}) ${select} ON CONFLICT (namespace, name) DO UPDATE SET ` +
    'session_id = excluded.session_id, claim_id = excluded.claim_id, ' +
    `token = ${greatest('l.token + 1', nowUs)}, value = excluded.value, asked = 0, idle_at = NULL ` +
    'WHERE l.session_id IS NULL RETURNING claim_id, token, checkpoint'
  );
}
