const EVERY_MS = 20;

/** How late this process's own timers were at most: when the machine has too much to do, nobody else's are on time. */
export class Lag implements Disposable {
  readonly #timer: NodeJS.Timeout;
  #lastAt = performance.now();
  #worstMs = 0;

  constructor() {
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
  }

  get worstMs(): number {
    this.#look();
    return this.#worstMs;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const at = performance.now();
    this.#worstMs = Math.max(this.#worstMs, at - this.#lastAt - EVERY_MS);
    this.#lastAt = at;
  }
}
