/**
 * Lets so many calls be in flight, the rest wait in their order. A thousand elections that start at once would
 * otherwise be answered so late that their claims, sent again and again, drown the renewals of the session they need.
 */
export class Gate {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(capacity: number) {
    this.#free = capacity;
  }

  /** Resolves when there is room, with the leaving. Rejects with the signal's reason. */
  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free -= 1;
      return this.#leaving();
    }
    await new Promise<void>((resolve, reject) => {
      const admit = (): void => {
        signal.removeEventListener('abort', give);
        resolve();
      };
      const give = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(admit), 1);
        reject(signal.reason as Error);
      };
      this.#waiting.push(admit);
      signal.addEventListener('abort', give, { once: true });
    });
    return this.#leaving();
  }

  #leaving(): () => void {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    };
  }
}
