import type { Chance } from './chance.ts';
import type { Clock } from './clock.ts';
import { ClosedError, StoreUnavailableError } from './errors.ts';
import { leaderOf } from './leader.ts';
import type { Leader } from './leader.ts';
import { pause } from './runtime/patience.ts';
import type { Holder, Key, Store } from './store.ts';
import { Stream } from './runtime/stream.ts';
import { backOffMs } from './timing.ts';
import type { Timing } from './timing.ts';
import type { Turn } from './runtime/turn.ts';

export interface Watching {
  readonly store: Store;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly timing: Timing;
  readonly turn: Turn;
  /** Trouble that is being retried, and what subscribers threw. */
  readonly trouble: (error: unknown) => void;
}

type Tell = (leader: Leader | undefined) => void;

/** Who leads which election, whoever it is: one watch a key, however many subscribe, and none when nobody does. */
export class Observations {
  readonly #watching: Watching;
  readonly #watches = new Map<string, Watch>();
  #closed = false;

  constructor(watching: Watching) {
    this.#watching = watching;
  }

  /**
   * The current value first. Tokens never go back, the last state always arrives, and a re-election with equal
   * metadata is still news.
   */
  leader(key: Key): Stream<Leader | undefined> {
    return new Stream(this.#watching.trouble, (subscriber) => {
      if (this.#closed) {
        subscriber.error(new ClosedError('the tenure was closed'));
        return undefined;
      }
      const watch = this.#watches.get(key.name) ?? new Watch(key, this.#watching);
      this.#watches.set(key.name, watch);
      const leave = watch.join((leader) => subscriber.next(leader));
      return () => {
        if (leave() === 0 && this.#watches.get(key.name) === watch) this.#watches.delete(key.name);
      };
    });
  }

  close(): void {
    this.#closed = true;
    for (const watch of this.#watches.values()) watch.end();
    this.#watches.clear();
  }
}

class Watch {
  readonly #key: Key;
  readonly #watching: Watching;
  readonly #subscribers = new Set<Tell>();
  readonly #over = new AbortController();
  #seen: { readonly leader: Leader | undefined } | undefined;
  #topToken = 0n;

  constructor(key: Key, watching: Watching) {
    this.#key = key;
    this.#watching = watching;
    void this.#follow(this.#over.signal);
  }

  /** Returns the leaving, which says how many are left; nobody left ends the watch. */
  join(tell: Tell): () => number {
    this.#subscribers.add(tell);
    if (this.#seen) tell(this.#seen.leader);
    return () => {
      this.#subscribers.delete(tell);
      if (this.#subscribers.size === 0) this.end();
      return this.#subscribers.size;
    };
  }

  end(): void {
    this.#over.abort();
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { store, clock, chance, timing, trouble } = this.#watching;
    const over = (): boolean => signal.aborted;
    for (let failures = 0; !over(); failures++) {
      try {
        for await (const holder of store.watch(this.#key, signal)) {
          failures = 0;
          if (!over()) this.#see(holder);
        }
        throw new StoreUnavailableError(`the watch of "${this.#key.name}" ended`);
      } catch (error) {
        if (over()) return;
        trouble(error);
      }
      const waitMs = backOffMs(failures, chance.jitter(), timing, timing.backOff.downMs);
      await pause(clock, waitMs, signal).catch(() => {});
    }
  }

  #see(holder: Holder | undefined): void {
    if (holder) {
      if (holder.token < this.#topToken) return;
      this.#topToken = holder.token;
    }
    const before = this.#seen?.leader;
    if (this.#seen && before?.token === holder?.token && before?.value === holder?.value) return;
    const leader = holder && leaderOf(holder);
    this.#seen = { leader };
    this.#watching.turn.notice(() => {
      for (const tell of this.#subscribers) tell(leader);
    });
  }
}
