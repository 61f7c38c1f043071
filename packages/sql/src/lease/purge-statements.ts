import type { Dialect, Statement, Tables } from '../database.ts';
import { freeWhere } from './many-rows.ts';
import { microseconds } from './session-statements.ts';

/** A lock whose holder's session was seen to be missing. */
export interface Orphan {
  readonly namespace: string;
  readonly name: string;
  readonly sessionId: string;
  readonly token: bigint;
}

/** What takes away what nobody needs any more, a limited number at a time. */
export class PurgeStatements {
  readonly #dialect: Dialect;
  readonly #tables: Tables;

  constructor(dialect: Dialect, tables: Tables) {
    this.#dialect = dialect;
    this.#tables = tables;
  }

  expiredSessions(retainMs: number, limit: number): Statement {
    return {
      text: `SELECT id FROM ${this.#tables.sessions} WHERE expires_at <= ${this.#dialect.nowUs} - ? LIMIT ${limit}`,
      values: [microseconds(retainMs)],
    };
  }

  /** Those of them that still are. */
  deleteSessions(ids: readonly string[], retainMs: number): Statement {
    const marks = ids.map(() => '?').join(', ');
    return {
      text: `DELETE FROM ${this.#tables.sessions} WHERE id IN (${marks}) AND expires_at <= ${this.#dialect.nowUs} - ?`,
      values: [...ids, microseconds(retainMs)],
    };
  }

  orphans(limit: number): Statement {
    const { locks, sessions } = this.#tables;
    const text =
      `SELECT l.namespace, l.name, l.session_id, l.token FROM ${locks} AS l ` +
      `LEFT JOIN ${sessions} AS s ON s.id = l.session_id WHERE l.session_id IS NOT NULL AND s.id IS NULL LIMIT ${limit}`;
    return { text, values: [] };
  }

  /**
   * Decides by what was read before, not by a sub-select: a session that was seen to be missing is so for ever, as its
   * row was there before any lock pointed to it, and no session that ever claimed anything gets its id again. The
   * comparison leaves alone what was taken since.
   */
  free(orphans: readonly Orphan[]): Statement {
    const each = '(namespace = ? AND name = ? AND session_id = ? AND token = ?)';
    return freeWhere(this.#dialect, this.#tables.locks, {
      text: orphans.map(() => each).join(' OR '),
      values: orphans.flatMap((one) => [one.namespace, one.name, one.sessionId, one.token]),
    });
  }

  /** Since when the first ones are idle. */
  idle(retainMs: number, limit: number): Statement {
    return {
      text: `SELECT idle_at FROM ${this.#tables.locks} WHERE ${this.#forgettable} - ? ORDER BY idle_at LIMIT ${limit}`,
      values: [microseconds(retainMs)],
    };
  }

  /** A key that is claimed again later is given a higher token all the same: tokens follow the database's clock. */
  forget(idleSince: bigint, retainMs: number): Statement {
    const { locks } = this.#tables;
    const which = `${this.#forgettable} - ? AND idle_at <= ?`;
    // Whoever has one locked is about to take it: it waits for nobody, so that nobody waits for it in a circle.
    const text = this.#dialect.unnest
      ? `WITH idle AS (SELECT namespace AS k0, name AS k1 FROM ${locks} WHERE ${which} FOR UPDATE SKIP LOCKED) ` +
        `DELETE FROM ${locks} USING idle WHERE namespace = idle.k0 AND name = idle.k1`
      : `DELETE FROM ${locks} WHERE ${which}`;
    return { text, values: [microseconds(retainMs), idleSince] };
  }

  get #forgettable(): string {
    return `session_id IS NULL AND checkpoint IS NULL AND idle_at <= ${this.#dialect.nowUs}`;
  }
}
