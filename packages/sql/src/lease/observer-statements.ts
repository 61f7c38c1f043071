import type { Key } from '@tenure/core/store';
import type { Dialect, Statement, Tables } from '../database.ts';
import { anyOf } from './key-list.ts';

/** No name is longer than so many characters, so none that begins with a prefix comes after it with so many of the last one. */
const LONGEST_NAME = 1024;
const AFTER = '\u{10FFFF}'.repeat(LONGEST_NAME / 4);

/** What is asked to show who holds what, and to find out what has changed. Nobody holds a key but a session that lives. */
export class ObserverStatements {
  readonly #nowUs: string;
  readonly #held: string;
  readonly #any: string;
  readonly #seen: string;

  constructor({ nowUs }: Dialect, { locks, sessions }: Tables) {
    this.#nowUs = nowUs;
    const remaining = `s.expires_at - ${nowUs} AS remaining_us`;
    const row = `SELECT l.name, l.session_id, l.claim_id, l.token, l.value, l.asked, ${remaining} FROM ${locks} AS l`;
    this.#held = `${row} INNER JOIN ${sessions} AS s ON s.id = l.session_id`;
    this.#any = `${row} LEFT JOIN ${sessions} AS s ON s.id = l.session_id`;
    this.#seen = `${remaining} FROM ${locks} AS l LEFT JOIN ${sessions} AS s ON s.id = l.session_id WHERE `;
  }

  holder({ namespace, name }: Key): Statement {
    return {
      text: `${this.#held} WHERE l.namespace = ? AND l.name = ? AND s.expires_at > ${this.#nowUs}`,
      values: [namespace, name],
    };
  }

  /** Held or free. */
  lock({ namespace, name }: Key): Statement {
    return { text: `${this.#any} WHERE l.namespace = ? AND l.name = ?`, values: [namespace, name] };
  }

  list({ namespace, name }: Key): Statement {
    return {
      text:
        `${this.#held} WHERE l.namespace = ? AND l.name >= ? AND l.name <= ? ` +
        `AND s.expires_at > ${this.#nowUs} ORDER BY l.name`,
      values: [namespace, name, name + AFTER],
    };
  }

  /** For those who wait: is somebody there? */
  waiting(keys: readonly Key[]): Statement {
    return this.#glance('l.token', keys);
  }

  /** For observers: what is there? */
  watched(keys: readonly Key[]): Statement {
    return this.#glance('l.token, l.value', keys);
  }

  #glance(columns: string, keys: readonly Key[]): Statement {
    const { text, values } = anyOf(keys, 'l.');
    return { text: `SELECT l.namespace, l.name, ${columns}, ${this.#seen}${text}`, values };
  }
}
