/** A resource that terms guard: one number. A fenced one refuses a token that is smaller than the greatest it has seen. */
export class Register {
  readonly name: string;
  readonly #fenced: boolean;
  #value = 0;
  #topToken = 0n;

  constructor(name: string, fenced: boolean) {
    this.name = name;
    this.#fenced = fenced;
  }

  /** The value then; undefined when it was refused. */
  read(token: bigint): number | undefined {
    return this.#admits(token) ? this.#value : undefined;
  }

  /** Whether it was written. */
  write(token: bigint, value: number): boolean {
    if (!this.#admits(token)) return false;
    this.#value = value;
    return true;
  }

  #admits(token: bigint): boolean {
    if (this.#fenced && token < this.#topToken) return false;
    if (token > this.#topToken) this.#topToken = token;
    return true;
  }
}
