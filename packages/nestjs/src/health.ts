import { InvalidArgumentError } from '@tenure/core';
import type { Standing } from '@tenure/core';
import type { TenureElections } from './elections.ts';

/** Where this replica stands, as JSON. */
export interface Health {
  readonly key: string;
  /** `candidate`: stands, and has not heard of the store. A follower is as healthy as a leader. */
  readonly role: Standing['role'];
  /** The session's last renewal failed. */
  readonly jeopardy: boolean;
  /** Id of the leader, as of the store's last answer. */
  readonly leader?: string;
  /** Fencing token of our term. */
  readonly token?: string;
}

/** For health checks. Asks no store. */
export class TenureHealth {
  readonly #elections: TenureElections;

  constructor(elections: TenureElections) {
    this.#elections = elections;
  }

  /** Of all elections of this application. */
  standings(): readonly Health[] {
    return this.#elections.keys.map((key) => this.standing(key));
  }

  /** @throws InvalidArgumentError when the application has no election of that key */
  standing(key: string): Health {
    const { keys } = this.#elections;
    if (!keys.includes(key)) {
      const known = keys.map((each) => `"${each}"`).join(', ') || 'none';
      throw new InvalidArgumentError(`this application has no election "${key}"; it has ${known}`);
    }
    const seen: Standing[] = [];
    this.#elections
      .of(key)
      .standing.subscribe((standing) => seen.push(standing))
      .unsubscribe();
    const [{ role, jeopardy, leader, term }] = seen as [Standing];
    return {
      key,
      role,
      jeopardy,
      ...(leader?.id === undefined ? {} : { leader: leader.id }),
      ...(term ? { token: String(term.token) } : {}),
    };
  }
}
