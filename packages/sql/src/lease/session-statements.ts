import type { Dialect, Statement, Tables } from '../database.ts';

export const microseconds = (ms: number): bigint => BigInt(Math.ceil(ms * 1000));

/** What is asked about sessions. Each is a transaction of its own, and about one session. */
export class SessionStatements {
  readonly #dialect: Dialect;
  readonly #table: string;

  constructor(dialect: Dialect, tables: Tables) {
    this.#dialect = dialect;
    this.#table = tables.sessions;
  }

  insert(id: string, name: string, ttlMs: number): Statement {
    const { nowUs } = this.#dialect;
    const text =
      `INSERT INTO ${this.#table} (id, name, expires_at, revoked, renewals) ` +
      `VALUES (?, ?, ${nowUs} + ?, 0, 0)`;
    return { text: this.#dialect.insertOrIgnore(text), values: [id, name, microseconds(ttlMs)] };
  }

  see(id: string): Statement {
    const { nowUs } = this.#dialect;
    return {
      text: `SELECT expires_at - ${nowUs} AS remaining_us FROM ${this.#table} WHERE id = ?`,
      values: [id],
    };
  }

  /** Changes the row in any case, so that a driver which counts what differs counts this. Answers `revoked`. */
  renew(id: string, ttlMs: number): Statement {
    const { nowUs, returning } = this.#dialect;
    const echo = returning ? '' : ', revoked = LAST_INSERT_ID(revoked)';
    const text =
      `UPDATE ${this.#table} SET expires_at = ${nowUs} + ?, renewals = renewals + 1${echo} ` +
      `WHERE id = ? AND expires_at > ${nowUs}${returning ? ' RETURNING revoked' : ''}`;
    return { text, values: [microseconds(ttlMs), id], urgent: true, kept: true };
  }

  /** So that the holder's next renewal looks at what it holds. */
  bump(id: string): Statement {
    return { text: `UPDATE ${this.#table} SET revoked = revoked + 1 WHERE id = ?`, values: [id] };
  }

  delete(id: string): Statement {
    return { text: `DELETE FROM ${this.#table} WHERE id = ?`, values: [id] };
  }

  /** Exactly that one, and not if it has been renewed since it was seen to be over. */
  deleteExpired(id: string): Statement {
    return {
      text: `DELETE FROM ${this.#table} WHERE id = ? AND expires_at <= ${this.#dialect.nowUs}`,
      values: [id],
    };
  }
}
