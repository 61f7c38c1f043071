import type { Holder } from '@tenure/core/store';

/** Everything a watch told, in order. */
export class Watcher {
  readonly seen: (Holder | undefined)[] = [];
  readonly ended: Promise<void>;
  #error: unknown;
  #over = false;
  #heard: () => void = () => {};

  constructor(watch: AsyncIterable<Holder | undefined>) {
    this.ended = this.#read(watch);
  }

  /** Resolves when the latest that was told is as described. Rejects when the watch breaks before. */
  async until(described: (latest: Holder | undefined) => boolean): Promise<Holder | undefined> {
    while (this.seen.length === 0 || !described(this.seen.at(-1))) {
      if (this.#over) throw new Error('the watch ended', { cause: this.#error });
      await new Promise<void>((resolve) => {
        const before = this.#heard;
        this.#heard = () => {
          before();
          resolve();
        };
      });
    }
    return this.seen.at(-1);
  }

  untilToken(token: bigint | undefined): Promise<Holder | undefined> {
    return this.until((latest) => latest?.token === token);
  }

  async #read(watch: AsyncIterable<Holder | undefined>): Promise<void> {
    try {
      for await (const holder of watch) {
        this.seen.push(holder);
        this.#hear();
      }
    } catch (error) {
      this.#error = error;
    }
    this.#over = true;
    this.#hear();
  }

  #hear(): void {
    const heard = this.#heard;
    this.#heard = () => {};
    heard();
  }
}
