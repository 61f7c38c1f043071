/**
 * Lets so many statements have a connection at a time. Those that keep a session alive go first, and one place is
 * kept for them: a thousand claims must not end the session that they are for.
 */
export class Turns {
  readonly #urgent: (() => void)[] = [];
  readonly #others: (() => void)[] = [];
  #free: number;

  constructor(width: number) {
    this.#free = width;
  }

  /** The leaving, if nobody has to wait. */
  tryEnter(urgent: boolean): (() => void) | undefined {
    if (this.#urgent.length > 0 || this.#others.length > 0 || this.#free < (urgent ? 1 : 2)) return undefined;
    this.#free -= 1;
    return this.#leaving();
  }

  /** Resolves with the leaving; rejects with the reason of the first signal that aborts. */
  async enter(urgent: boolean, signals: readonly AbortSignal[]): Promise<() => void> {
    for (const signal of signals) signal.throwIfAborted();
    const queue = urgent ? this.#urgent : this.#others;
    await new Promise<void>((resolve, reject) => {
      const settle = (): void => {
        for (const signal of signals) signal.removeEventListener('abort', give);
      };
      const admit = (): void => {
        settle();
        resolve();
      };
      const give = (): void => {
        settle();
        queue.splice(queue.indexOf(admit), 1);
        reject(signals.find((signal) => signal.aborted)?.reason as Error);
      };
      for (const signal of signals) signal.addEventListener('abort', give, { once: true });
      queue.push(admit);
      this.#admit();
    });
    return this.#leaving();
  }

  #leaving(): () => void {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#free += 1;
      this.#admit();
    };
  }

  #admit(): void {
    for (;;) {
      const next = this.#free > 0 && (this.#urgent.shift() ?? (this.#free > 1 && this.#others.shift()));
      if (!next) return;
      this.#free -= 1;
      next();
    }
  }
}
