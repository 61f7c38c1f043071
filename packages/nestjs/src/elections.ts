import { Logger } from '@nestjs/common';
import type { Election, Tenure } from '@tenure/core';

/** The application's candidates: one for each key. What the decorators stand with, and yours. */
export class TenureElections {
  readonly #tenure: Tenure;
  readonly #logger = new Logger('Tenure');
  readonly #elections = new Map<string, Election>();

  constructor(tenure: Tenure) {
    this.#tenure = tenure;
  }

  get keys(): readonly string[] {
    return [...this.#elections.keys()];
  }

  /** The same at every call. It stands when a decorator says so, or when you start it. @throws InvalidArgumentError, ClosedError */
  of(key: string): Election {
    const known = this.#elections.get(key);
    if (known) return known;
    const election = this.#tenure.election(key);
    this.#logTrouble(election);
    this.#elections.set(key, election);
    return election;
  }

  /** What is being retried may go wrong a hundred times in the same way: that is one line, until a term was won. */
  #logTrouble(election: Election): void {
    let last: string | undefined;
    election.on('acquired', () => (last = undefined));
    election.on('error', ({ message }) => {
      if (message !== last) this.#logger.warn(`election "${election.key}": ${message}`);
      last = message;
    });
  }
}
