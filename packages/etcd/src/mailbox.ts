import { abortable } from './abort.ts';

/** Unread items beyond this many are dropped but for the latest. */
const CAPACITY = 1000;

const nothing = (): void => {};

/** What one side puts in as it happens, the other takes out in its own time. */
export class Mailbox<T> {
  #items: readonly T[] = [];
  #over: { readonly error: Error | undefined } | undefined;
  #wake = nothing;

  put(items: readonly T[]): void {
    const all = [...this.#items, ...items];
    this.#items = all.length > CAPACITY ? all.slice(-1) : all;
    this.#wake();
  }

  /** Nothing more will come; with an error, that is what the reader gets in the end. */
  end(error?: Error): void {
    this.#over = { error };
    this.#wake();
  }

  /** The next items, at least one; undefined at the end. */
  async take(signal: AbortSignal): Promise<readonly T[] | undefined> {
    if (this.#items.length === 0 && !this.#over) {
      await abortable<void>(signal, (resolve) => {
        this.#wake = resolve;
        return nothing;
      });
    }
    const items = this.#items;
    this.#items = [];
    if (items.length > 0) return items;
    if (this.#over?.error) throw this.#over.error;
    return undefined;
  }
}
