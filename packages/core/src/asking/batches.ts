/** A request that may go to the store together with others. */
export interface BatchItem {
  /** Two of the same are never put together. */
  readonly lane: string;
  readonly bytes: number;
}

export interface BatchesOptions<Item extends BatchItem, Answer> {
  /** So many items go together. */
  readonly most: number;
  readonly mostBytes: number;
  /** So many batches are unanswered at a time; what comes meanwhile goes with the next. @default any number */
  readonly atOnce?: number;
  /** Send these, of which there is at least one. The answers come in the same order. */
  readonly send: (items: readonly Item[], signal: AbortSignal) => Promise<readonly Answer[]>;
  /** It may be one of them that is refused: each shall go alone, so that the others do not suffer for it. */
  readonly isRefused: (error: unknown) => boolean;
}

interface Entry<Item, Answer> {
  readonly item: Item;
  readonly signal: AbortSignal;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
  /** It was sent with others: this one does not wait for the answer any more. */
  leave: () => void;
}

/**
 * Requests that come in the same turn of the event loop, or while others are under way, go to the store as one: ten
 * thousand elections then cost some hundred requests. One that comes alone goes alone.
 */
export class Batches<Item extends BatchItem, Answer> {
  readonly #options: BatchesOptions<Item, Answer>;
  #waiting: Entry<Item, Answer>[] = [];
  #scheduled = false;
  #inFlight = 0;

  constructor(options: BatchesOptions<Item, Answer>) {
    this.#options = options;
  }

  /** @throws the signal's reason, even if the store never answers; what `send` throws */
  run(item: Item, signal: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const settled = (): void => signal.removeEventListener('abort', abort);
      const entry: Entry<Item, Answer> = {
        item,
        signal,
        resolve: (answer) => {
          settled();
          resolve(answer);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
        leave: () => {
          this.#waiting = this.#waiting.filter((other) => other !== entry);
        },
      };
      const abort = (): void => {
        entry.reject(signal.reason);
        entry.leave();
      };
      signal.addEventListener('abort', abort);
      this.#waiting.push(entry);
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.length === 0 || !this.#hasRoom) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      while (this.#waiting.length > 0 && this.#hasRoom) void this.#send(this.#take());
    });
  }

  get #hasRoom(): boolean {
    return this.#inFlight < (this.#options.atOnce ?? Infinity);
  }

  /** As many as fit, in their order; the first one in any case. */
  #take(): readonly Entry<Item, Answer>[] {
    const { most, mostBytes } = this.#options;
    const lanes = new Set<string>();
    const taken: Entry<Item, Answer>[] = [];
    const left: Entry<Item, Answer>[] = [];
    let bytes = 0;
    let looked = 0;
    for (const entry of this.#waiting) {
      if (taken.length === most) break;
      looked += 1;
      const { item } = entry;
      const fits = bytes + item.bytes <= mostBytes && !lanes.has(item.lane);
      if (fits || taken.length === 0) {
        taken.push(entry);
        lanes.add(item.lane);
        bytes += item.bytes;
      } else left.push(entry);
    }
    this.#waiting = [...left, ...this.#waiting.slice(looked)];
    return taken;
  }

  /** Never rejects. */
  async #send(entries: readonly Entry<Item, Answer>[]): Promise<void> {
    const [first] = entries;
    const over = new AbortController();
    let inFlight = true;
    const finish = (): void => {
      if (!inFlight) return;
      inFlight = false;
      this.#inFlight -= 1;
      this.#schedule();
    };
    let staying = entries.length;
    for (const entry of entries) {
      entry.leave = () => {
        staying -= 1;
        if (staying > 0) return;
        over.abort(entry.signal.reason);
        // Nobody waits for it any more: it makes room, even if the store goes on with it.
        finish();
      };
    }
    this.#inFlight += 1;
    try {
      const answers = await this.#options.send(
        entries.map(({ item }) => item),
        first && entries.length === 1 ? first.signal : over.signal,
      );
      for (const [index, entry] of entries.entries()) entry.resolve(answers[index]!);
    } catch (error) {
      const isRefused = entries.length > 1 && this.#options.isRefused(error);
      for (const entry of entries) {
        if (!isRefused) entry.reject(error);
        else if (!entry.signal.aborted) void this.#send([entry]);
      }
    }
    finish();
  }
}
