/** How a call in flight came to its end. */
type Outcome = 'answered' | 'given up';

export interface Place {
  /** Once: what comes after is ignored. */
  readonly leave: (outcome: Outcome) => void;
}

/**
 * Lets so many calls be in flight, the rest wait in their order. A thousand elections that start at once would
 * otherwise be answered so late that their claims, sent again and again, drown the renewals of the session they need.
 *
 * How many there may be it learns as TCP does (additive increase, multiplicative decrease: Chiu and Jain 1989): half as
 * many when a call is given up unanswered, and one more each time as many as now were answered. Calls that were in flight
 * when it was halved say nothing about the half.
 */
export class Gate {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #width: number;
  #inFlight = 0;
  #epoch = 0;

  constructor(capacity: number) {
    this.#most = capacity;
    this.#width = capacity;
  }

  /** Resolves when there is room, with a place to leave. Rejects with the signal's reason. */
  async enter(signal: AbortSignal): Promise<Place> {
    signal.throwIfAborted();
    if (this.#inFlight < Math.floor(this.#width)) this.#inFlight += 1;
    else
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
    return this.#place();
  }

  #place(): Place {
    const epoch = this.#epoch;
    let left = false;
    return {
      leave: (outcome) => {
        if (left) return;
        left = true;
        this.#inFlight -= 1;
        if (epoch === this.#epoch) this.#learn(outcome);
        this.#admit();
      },
    };
  }

  #learn(outcome: Outcome): void {
    if (outcome === 'answered') {
      this.#width = Math.min(this.#most, this.#width + 1 / this.#width);
      return;
    }
    this.#width = Math.max(1, this.#width / 2);
    this.#epoch += 1;
  }

  #admit(): void {
    while (this.#inFlight < Math.floor(this.#width)) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#inFlight += 1;
      next();
    }
  }
}
