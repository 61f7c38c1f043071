import type { Key } from '@tenure/core/store';
import type { Dialect, Statement, Tables, Value } from '../database.ts';
import { anyOf } from './key-list.ts';
import { idleAt } from './many-rows.ts';

/** A claim on its way into the table. */
export interface Claim {
  readonly key: Key;
  readonly claimId: string;
  readonly sessionId: string;
  /** The record, as observers shall see it. */
  readonly value: string;
  /** Others have been woken as well, and only one of them can win. */
  readonly isRace?: boolean;
}

/** A grant, by which every write of a term is checked. */
export interface Standing {
  readonly key: Key;
  readonly claimId: string;
  readonly sessionId: string;
  readonly token: bigint;
}

const AT = 'namespace = ? AND name = ?';
const at = ({ namespace, name }: Key): Value[] => [namespace, name];

/**
 * What is asked about locks. Each is a transaction of its own. None decides by a sub-select on *another* session: under
 * READ COMMITTED a statement that waited for a row checks the new row against the sessions as they were before it
 * waited, and would take a lock from a session that it cannot see. On one's *own* session that does no harm: it may
 * give a lock to a session that has just ended, and the owner's own clock has told it so before.
 */
export class LockStatements {
  readonly #dialect: Dialect;
  readonly #locks: string;
  readonly #sessions: string;

  constructor(dialect: Dialect, tables: Tables) {
    this.#dialect = dialect;
    this.#locks = tables.locks;
    this.#sessions = tables.sessions;
  }

  get returning(): boolean {
    return this.#dialect.returning;
  }

  /**
   * Takes the key if it still is that dead session's, as it was seen. The caller has seen that session to be gone.
   * Answers `token` and `checkpoint`, or the token by `insertId`.
   */
  takeFrom(
    { key, claimId, sessionId, value }: Claim,
    seen: { readonly sessionId: string; readonly token: bigint },
  ): Statement {
    const higher = this.#dialect.greatest('token + 1', this.#dialect.nowUs);
    const text =
      `UPDATE ${this.#locks} SET session_id = ?, claim_id = ?, token = ${this.#echoed(higher)}, value = ?, ` +
      `asked = 0, idle_at = NULL WHERE ${AT} AND token = ? AND session_id = ? AND ${this.#lives}` +
      (this.returning ? ' RETURNING token, checkpoint' : '');
    return { text, values: [sessionId, claimId, value, ...at(key), seen.token, seen.sessionId, sessionId] };
  }

  /** The lock, how long its holder has left, and how long the asker has. A checkpoint only for whom it may concern. */
  look(key: Key, asker: { readonly sessionId: string; readonly claimId: string }): Statement {
    const { nowUs } = this.#dialect;
    const text =
      'SELECT l.session_id, l.claim_id, l.token, l.value, l.asked, ' +
      'CASE WHEN l.session_id IS NULL OR (l.session_id = ? AND l.claim_id = ?) THEN l.checkpoint END AS checkpoint, ' +
      `s.expires_at - ${nowUs} AS remaining_us, o.expires_at - ${nowUs} AS own_us ` +
      `FROM ${this.#locks} AS l LEFT JOIN ${this.#sessions} AS s ON s.id = l.session_id ` +
      `LEFT JOIN ${this.#sessions} AS o ON o.id = ? WHERE l.namespace = ? AND l.name = ?`;
    return { text, values: [asker.sessionId, asker.claimId, asker.sessionId, ...at(key)], kept: true };
  }

  /** A request to let go stays in what observers see. */
  announce(standing: Standing, value: string, valueIfAsked: string): Statement {
    const text =
      `UPDATE ${this.#locks} SET value = CASE WHEN asked = 1 THEN ? ELSE ? END ` +
      `WHERE ${AT} AND session_id = ? AND claim_id = ? AND token = ? AND ${this.#lives}`;
    return { text, values: [valueIfAsked, value, ...this.#checked(standing)], kept: true };
  }

  /** Changes nothing when that sequence, or a later one of the same term, is there already. */
  save(standing: Standing, checkpoint: string, sequence: number): Statement {
    const text =
      `UPDATE ${this.#locks} SET checkpoint = ?, checkpoint_token = token, checkpoint_sequence = ? ` +
      `WHERE ${AT} AND session_id = ? AND claim_id = ? AND token = ? AND ${this.#lives} ` +
      'AND (checkpoint_token IS NULL OR checkpoint_token <> token OR checkpoint_sequence < ?)';
    return { text, values: [checkpoint, sequence, ...this.#checked(standing), sequence], kept: true };
  }

  /** By compare-and-set on what observers see, so that it is not put into an old announcement. */
  ask(
    key: Key,
    seen: { readonly token: bigint; readonly sessionId: string; readonly value: string },
    value: string,
  ): Statement {
    return {
      text: `UPDATE ${this.#locks} SET asked = 1, value = ? WHERE ${AT} AND session_id = ? AND token = ? AND value = ?`,
      values: [value, ...at(key), seen.sessionId, seen.token, seen.value],
    };
  }

  /** Whose it was stays readable in `claim_id`, so that its owner can tell why it has lost it. */
  force(key: Key, seen: { readonly token: bigint; readonly sessionId: string }): Statement {
    return {
      text:
        `UPDATE ${this.#locks} SET session_id = NULL, asked = 1, value = '', idle_at = ${idleAt(this.#dialect)} ` +
        `WHERE ${AT} AND session_id = ? AND token = ?`,
      values: [...at(key), seen.sessionId, seen.token],
    };
  }

  of(sessionId: string): Statement {
    return {
      text: `SELECT namespace, name, claim_id, token, asked FROM ${this.#locks} WHERE session_id = ?`,
      values: [sessionId],
    };
  }

  /** What has become of keys that were lost. */
  fates(keys: readonly Key[]): Statement {
    const some = anyOf(keys);
    return {
      text: `SELECT namespace, name, session_id, claim_id, asked FROM ${this.#locks} WHERE ${some.text}`,
      values: some.values,
    };
  }

  /** The asker's own session. */
  get #lives(): string {
    return `EXISTS (SELECT 1 FROM ${this.#sessions} AS s WHERE s.id = ? AND s.expires_at > ${this.#dialect.nowUs})`;
  }

  #checked({ key, sessionId, claimId, token }: Standing): Value[] {
    return [...at(key), sessionId, claimId, token, sessionId];
  }

  #echoed(expression: string): string {
    return this.returning ? expression : `LAST_INSERT_ID(${expression})`;
  }
}
