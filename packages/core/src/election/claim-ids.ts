import type { Chance } from '../chance.ts';

/** The ids of one tenure's claims: never used again, here or anywhere else, and known for its own. */
export class ClaimIds {
  readonly #prefix: string;
  #count = 0;

  constructor(chance: Chance) {
    this.#prefix = chance.hex(6);
  }

  next(): string {
    this.#count += 1;
    return `${this.#prefix}${this.#count.toString(36)}`;
  }

  isOurs(claimId: string): boolean {
    return claimId.startsWith(this.#prefix);
  }
}
