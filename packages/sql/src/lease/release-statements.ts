import type { Database, Statement, Tables, Value } from '../database.ts';
import type { Claim } from './lock-statements.ts';
import { freed, freeWhere } from './many-rows.ts';

export type Hold = Omit<Claim, 'value'>;

/** What gives keys back: each only if that claim still has it. The others are told by the same statement, where the database can tell. */
export class ReleaseStatements {
  readonly #database: Pick<Database, 'dialect' | 'telling'>;
  readonly #locks: string;

  constructor(database: Pick<Database, 'dialect' | 'telling'>, { locks }: Tables) {
    this.#database = database;
    this.#locks = locks;
  }

  one(hold: Hold): Statement {
    const { key, claimId, sessionId } = hold;
    const text =
      `UPDATE ${this.#locks} SET ${this.#freed} ` +
      'WHERE namespace = ? AND name = ? AND session_id = ? AND claim_id = ?';
    return { text, values: [key.namespace, key.name, sessionId, claimId], kept: true };
  }

  /** All of one session, and no two of one key. */
  many(holds: readonly Hold[]): Statement {
    return this.#database.dialect.unnest ? this.#fromArrays(holds) : this.#anyOf(holds);
  }

  /** The rows are locked in the order of their keys, as a claim does it. Answers each `claim_id`. */
  #fromArrays(holds: readonly Hold[]): Statement {
    const { telling } = this.#database;
    const call = telling ? `, ${telling.call.replace('?', 'mine.news')}` : '';
    const locks = this.#locks;
    const text =
      'WITH mine AS (SELECT l.namespace, l.name, l.claim_id, r.k3 AS news ' +
      'FROM unnest(?::text[], ?::text[], ?::text[], ?::text[]) AS r (k0, k1, k2, k3) ' +
      `INNER JOIN ${locks} AS l ON l.namespace = r.k0 AND l.name = r.k1 AND l.claim_id = r.k2 ` +
      'WHERE l.session_id = ? ORDER BY l.namespace, l.name FOR UPDATE OF l) ' +
      `UPDATE ${locks} AS f SET ${this.#freed} FROM mine ` +
      'WHERE f.namespace = mine.namespace AND f.name = mine.name AND f.claim_id = mine.claim_id AND f.session_id = ? ' +
      `RETURNING mine.claim_id${call}`;
    const columns = (of: (hold: Hold) => string): string[] => holds.map((hold) => of(hold));
    const { sessionId } = holds[0]!;
    const values: Value[] = [
      columns(({ key }) => key.namespace),
      columns(({ key }) => key.name),
      columns(({ claimId }) => claimId),
      columns(({ key }) => telling?.payloadOf({ what: 'changed', key }) ?? ''),
    ];
    return { text, values: [...values, sessionId, sessionId] };
  }

  #anyOf(holds: readonly Hold[]): Statement {
    const each = holds.map(() => '(namespace = ? AND name = ? AND claim_id = ?)').join(' OR ');
    return {
      text: `UPDATE ${this.#locks} SET ${this.#freed} WHERE session_id = ? AND (${each})`,
      values: [
        holds[0]!.sessionId,
        ...holds.flatMap(({ key, claimId }) => [key.namespace, key.name, claimId]),
      ],
    };
  }

  /** After the session's row is gone. */
  allOf(sessionId: string): Statement {
    const mine = { text: 'session_id = ?', values: [sessionId] };
    return freeWhere(this.#database.dialect, this.#locks, mine);
  }

  get #freed(): string {
    return freed(this.#database.dialect);
  }
}
