import { StoreUnavailableError } from '../errors.ts';

/** Whoever waits for the next renewal to be answered. */
export class Renewals {
  readonly #waiting = new Set<{ readonly resolve: () => void; readonly reject: (error: Error) => void }>();

  next(): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.add({ resolve, reject }));
  }

  answered(): void {
    for (const { resolve } of this.#waiting) resolve();
    this.#waiting.clear();
  }

  failed(cause: unknown): void {
    const error = new StoreUnavailableError('the renewal failed', { cause });
    for (const { reject } of this.#waiting) reject(error);
    this.#waiting.clear();
  }
}
