import { isPast, later, remainingMs, systemClock } from '@tenure/core/store';
import type { Clock, Instant } from '@tenure/core/store';

/** The machine's clocks, with a wall clock that can be set: for one process, and without asking the machine. */
export class SteppedClock implements Clock {
  readonly #waiting = new Set<() => void>();
  #offsetMs = 0;

  now(): Instant {
    const { monoMs, wallMs } = systemClock.now();
    return { monoMs, wallMs: wallMs + this.#offsetMs };
  }

  alarm(at: Instant, due: () => void): () => void {
    let cancel = (): void => {};
    const wait = (): void => {
      cancel = systemClock.alarm(later(systemClock.now(), remainingMs(at, this.now())), () => {
        if (!isPast(at, this.now())) return wait();
        this.#waiting.delete(again);
        due();
      });
    };
    const again = (): void => {
      cancel();
      wait();
    };
    this.#waiting.add(again);
    wait();
    return () => {
      this.#waiting.delete(again);
      cancel();
    };
  }

  step(ms: number): void {
    this.#offsetMs += ms;
    for (const again of this.#waiting) again();
  }
}
