import { later, systemClock } from '@tenure/core/store';
import { Exit, codeOfSignal, exitCodes } from './exit-codes.ts';
import { hearSignals } from './signals.ts';

/** Signals may be somebody else's: the command's that is run. */
interface Heir {
  /** Whether it takes the signal, which then is not the end. */
  readonly take: (signal: NodeJS.Signals) => boolean;
  /** A signal that never is. */
  readonly pass: (signal: NodeJS.Signals) => void;
}

/** The end of a command that lasts until something ends it: the first reason counts. A second signal waits for nothing. */
export class End {
  readonly #over = new AbortController();
  #isAsked = false;
  readonly #deaf: () => void;
  #cancel: () => void = () => {};
  /** Nobody reads any more. */
  readonly #unread = (): void => this.come(new Exit(exitCodes.done));

  constructor({ take, pass }: Heir = { take: () => false, pass: () => {} }) {
    process.stdout.on('error', this.#unread);
    this.#deaf = hearSignals({
      pass,
      end: (name) => {
        this.#isAsked = true;
        if (take(name)) return;
        if (this.#over.signal.aborted) process.exit(codeOfSignal(name));
        this.come(new Exit(codeOfSignal(name)));
      },
    });
  }

  /** Aborts with the reason. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** Somebody wants an end, by a signal that may be taken by somebody else. */
  isAsked(): boolean {
    return this.#isAsked;
  }

  come(reason: unknown): void {
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
    throw this.signal.reason;
  }

  close(): void {
    this.#cancel();
    this.#deaf();
    process.stdout.off('error', this.#unread);
  }
}
