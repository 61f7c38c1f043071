import { StoreUnavailableError } from './errors.ts';
import { leaderOf } from './leader.ts';
import type { Leader } from './leader.ts';
import { pause } from './patience.ts';
import type { Clock } from './clock.ts';
import type { Holder, Key, Store } from './store.ts';
import { Stream } from './stream.ts';
import { backOffMs } from './timing.ts';
import type { Timing } from './timing.ts';
import type { Turn } from './turn.ts';

interface Watching {
  readonly store: Store;
  readonly clock: Clock;
  readonly timing: Timing;
  readonly turn: Turn;
  /** Trouble that is being retried, and what subscribers threw. */
  readonly trouble: (error: unknown) => void;
}

type Tell = (leader: Leader | undefined) => void;

/**
 * Who leads one election, whoever it is, for any number of subscribers over one watch. Tokens never go back, the last
 * state always arrives, and a re-election with equal metadata is still news.
 */
export class Observation {
  readonly leader: Stream<Leader | undefined>;
  readonly #key: Key;
  readonly #watching: Watching;
  readonly #subscribers = new Set<Tell>();
  #watch: AbortController | undefined;
  #seen: { readonly leader: Leader | undefined } | undefined;
  #topToken = 0n;

  constructor(key: Key, watching: Watching) {
    this.#key = key;
    this.#watching = watching;
    this.leader = new Stream(watching.trouble, (subscriber) => {
      const tell: Tell = (leader) => subscriber.next(leader);
      this.#subscribers.add(tell);
      if (this.#seen) tell(this.#seen.leader);
      this.#begin();
      return () => {
        this.#subscribers.delete(tell);
        if (this.#subscribers.size === 0) this.end();
      };
    });
  }

  end(): void {
    this.#watch?.abort();
    this.#watch = undefined;
    this.#seen = undefined;
  }

  #begin(): void {
    if (this.#watch) return;
    this.#watch = new AbortController();
    void this.#follow(this.#watch.signal);
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { store, clock, timing, trouble } = this.#watching;
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
      const waitMs = backOffMs(failures, Math.random(), timing, timing.backOff.downMs);
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
