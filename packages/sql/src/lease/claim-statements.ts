import type { Dialect, Statement, Tables, Value } from '../database.ts';
import { anyOf } from './key-list.ts';
import type { Claim } from './lock-statements.ts';

/** What takes keys of which nothing is known, if nobody has them. All of one session, and no two of one key. */
export class ClaimStatements {
  readonly #dialect: Dialect;
  readonly #locks: string;
  readonly #one: string;
  readonly #many: string;
  readonly #ours: string;
  readonly #contend: string;

  constructor(dialect: Dialect, { locks, sessions }: Tables) {
    const { nowUs, returning } = dialect;
    const lives = `s.id = ? AND s.expires_at > ${nowUs}`;
    const first = returning ? nowUs : `LAST_INSERT_ID(${nowUs})`;
    this.#dialect = dialect;
    this.#locks = locks;
    this.#one = dialect.insertOrTake(
      locks,
      `SELECT ?, ?, s.id, ?, ${first}, ?, 0 FROM ${sessions} AS s WHERE ${lives}`,
    );
    this.#many = `CROSS JOIN ${sessions} AS s WHERE ${lives} ORDER BY `;
    this.#ours = `SELECT claim_id, token, checkpoint FROM ${locks} WHERE session_id = ? AND `;
    this.#contend =
      `WITH free AS (SELECT namespace AS k0, name AS k1 FROM ${locks} ` +
      'WHERE namespace = ? AND name = ? AND session_id IS NULL FOR UPDATE SKIP LOCKED), ' +
      `mine AS (UPDATE ${locks} SET session_id = ?, claim_id = ?, token = ${dialect.greatest('token + 1', nowUs)}, ` +
      'value = ?, asked = 0, idle_at = NULL FROM free WHERE namespace = free.k0 AND name = free.k1 AND session_id IS NULL ' +
      `AND EXISTS (SELECT 1 FROM ${sessions} AS s WHERE ${lives}) RETURNING token) ` +
      'SELECT CASE WHEN m.token IS NULL THEN 0 ELSE 1 END AS taken, l.session_id, l.claim_id, ' +
      'COALESCE(m.token, l.token) AS token, l.value, l.asked, ' +
      'CASE WHEN l.session_id IS NULL OR (l.session_id = ? AND l.claim_id = ?) THEN l.checkpoint END AS checkpoint, ' +
      `s.expires_at - ${nowUs} AS remaining_us, o.expires_at - ${nowUs} AS own_us ` +
      `FROM ${locks} AS l LEFT JOIN mine AS m ON TRUE LEFT JOIN ${sessions} AS s ON s.id = l.session_id ` +
      `LEFT JOIN ${sessions} AS o ON o.id = ? WHERE l.namespace = ? AND l.name = ?`;
  }

  one({ key, claimId, sessionId, value }: Claim): Statement {
    const values = [key.namespace, key.name, claimId, value, sessionId];
    return { text: this.#one, values, kept: true };
  }

  /**
   * For one of many who were woken, of whom one will win: a row that somebody else has locked is passed by, where an
   * INSERT would wait for it, lock it, and wait for the disk to keep that. Answers the columns of {@link
   * LockStatements.look}, and whether it was `taken`: then with the new token.
   */
  contend({ key, claimId, sessionId, value }: Claim): Statement {
    const { namespace, name } = key;
    const values = [namespace, name, sessionId, claimId, value, sessionId];
    return {
      text: this.#contend,
      values: [...values, sessionId, claimId, sessionId, namespace, name],
      kept: true,
    };
  }

  /**
   * Rows are written in the order of their keys, here and in everything else that writes several: two who want the same
   * ones wait for each other, and never both.
   */
  many(claims: readonly Claim[]): Statement {
    const { unnest, nowUs } = this.#dialect;
    const select = `SELECT r.k0, r.k1, s.id, r.k2, ${nowUs}, r.k3, 0 FROM `;
    const rows = unnest
      ? 'unnest(?::text[], ?::text[], ?::text[], ?::text[]) AS r (k0, k1, k2, k3)'
      : `(SELECT ? AS k0, ? AS k1, ? AS k2, ? AS k3${' UNION ALL SELECT ?, ?, ?, ?'.repeat(claims.length - 1)}) AS r`;
    const order = unnest ? 'r.k0 COLLATE "C", r.k1 COLLATE "C"' : 'r.k0, r.k1';
    const columns = (of: (claim: Claim) => string): string[] => claims.map((claim) => of(claim));
    const values: Value[] = unnest
      ? [
          columns(({ key }) => key.namespace),
          columns(({ key }) => key.name),
          columns(({ claimId }) => claimId),
          columns(({ value }) => value),
        ]
      : claims.flatMap(({ key, claimId, value }) => [key.namespace, key.name, claimId, value]);
    return {
      text: this.#dialect.insertOrTake(this.#locks, `${select}${rows} ${this.#many}${order}`),
      values: [...values, claims[0]!.sessionId],
    };
  }

  /** Where there is no RETURNING: those of them that hold their keys now. */
  ours(claims: readonly Claim[]): Statement {
    const some = anyOf(claims.map(({ key }) => key));
    return { text: this.#ours + some.text, values: [claims[0]!.sessionId, ...some.values] };
  }
}
