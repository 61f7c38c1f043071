import { isPast, later, remainingMs, systemClock } from '@tenure/core/store';
import type { Clock, Instant } from '@tenure/core/store';

/**
 * The machine's clocks, with a wall clock that can be set, and both at another rate: for one process, and without
 * asking the machine.
 */
export class SteppedClock implements Clock {
  readonly #rate: number;
  readonly #start: Instant = systemClock.now();
  readonly #waiting = new Set<() => void>();
  #offsetMs = 0;

  /** @param rate 1 is that of the machine; less than 0.99 is more drift than Tenure promises to bear */
  constructor(rate: number) {
    this.#rate = rate;
  }

  now(): Instant {
    const { monoMs, wallMs } = systemClock.now();
    const since = ({ monoMs: mono, wallMs: wall }: Instant): Instant => ({
      monoMs: mono + (monoMs - mono) * this.#rate,
      wallMs: wall + (wallMs - wall) * this.#rate + this.#offsetMs,
    });
    return since(this.#start);
  }

  alarm(at: Instant, due: () => void): () => void {
    let cancel = (): void => {};
    const wait = (): void => {
      const leftMs = remainingMs(at, this.now()) / this.#rate;
      cancel = systemClock.alarm(later(systemClock.now(), leftMs), () => {
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
