/**
 * Takes events one at a time, and tells the outside only when nothing is left to decide.
 *
 * All machines of a tenure share one: an event that arrives while another is being worked on waits for its turn.
 * What user code may see comes after, signals first: so state changes before its event is emitted, every signal
 * that must abort has aborted before the first listener runs, and a slow or throwing listener can delay neither a
 * renewal nor a loss (S2, S10).
 */
export class Turn {
  readonly #work: (() => void)[] = [];
  readonly #aborts: (() => void)[] = [];
  readonly #notices: (() => void)[] = [];
  readonly #trouble: (error: unknown) => void;
  #working = false;
  #telling = false;

  constructor(trouble: (error: unknown) => void) {
    this.#trouble = trouble;
  }

  /** Take an event. Done when this returns, unless called from inside another event's turn. */
  take(work: () => void): void {
    this.#work.push(work);
    this.#settle();
  }

  /** User code that must run before any notice: a signal's abort. */
  abort(work: () => void): void {
    this.#aborts.push(work);
    this.#settle();
  }

  /** User code: runs when nothing is left to decide. */
  notice(work: () => void): void {
    this.#notices.push(work);
    this.#settle();
  }

  #settle(): void {
    if (this.#working) return;
    this.#working = true;
    for (let next = this.#work.shift(); next; next = this.#work.shift()) this.#guarded(next);
    this.#working = false;
    // What user code starts from here is worked on at once, and told after what is already waiting to be told.
    if (this.#telling) return;
    this.#telling = true;
    for (let next = this.#told(); next; next = this.#told()) this.#guarded(next);
    this.#telling = false;
  }

  #told(): (() => void) | undefined {
    return this.#aborts.shift() ?? this.#notices.shift();
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#trouble(error);
    }
  }
}
