import { later, systemClock } from '@tenure/core/store';
import { Exit, codeOfSignal, exitCodes } from './exit-codes.ts';
import { hearSignals } from './signals.ts';

/** The end of a command that lasts until something ends it: the first reason counts. A second signal waits for nothing. */
export class End {
  readonly #over = new AbortController();
  readonly #deaf: () => void;
  #cancel: () => void = () => {};

  constructor() {
    this.#deaf = hearSignals({
      end: (name) => {
        if (this.#over.signal.aborted) process.exit(codeOfSignal(name));
        this.come(new Exit(codeOfSignal(name)));
      },
    });
  }

  /** Aborts with the reason. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  come(reason: Error): void {
    this.#over.abort(reason);
  }

  /** In good order, after so long. */
  after(ms: number): void {
    this.#cancel = systemClock.alarm(later(systemClock.now(), ms), () => this.come(new Exit(exitCodes.done)));
  }

  /** Rejects with the reason, when there is one. */
  async reached(): Promise<never> {
    if (!this.signal.aborted)
      await new Promise((resolve) => this.signal.addEventListener('abort', resolve, { once: true }));
    throw this.signal.reason as Error;
  }

  close(): void {
    this.#cancel();
    this.#deaf();
  }
}
