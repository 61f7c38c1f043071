import { isPast, rebase, remainingMs } from '../clock.ts';
import type { Clock, Instant } from '../clock.ts';

/**
 * One unbroken stretch of a session being provably alive. Terms hold on to the stretch they were granted in.
 *
 * Every read asks the clock, so a blocked event loop, SIGSTOP or a suspended machine cannot fool it (S2). Once a
 * read has found it over it stays over, whatever the clocks or a late renewal say afterwards.
 */
export class Liveness {
  readonly #clock: Clock;
  #deadline: Instant;
  #over = false;

  constructor(clock: Clock, deadline: Instant) {
    this.#clock = clock;
    this.#deadline = deadline;
  }

  /** Only with what `open` or `renew` granted (S1). */
  extend(deadline: Instant): void {
    this.#deadline = deadline;
  }

  end(): void {
    this.#over = true;
  }

  get isOver(): boolean {
    return this.remainingMs() === 0;
  }

  remainingMs(): number {
    if (this.#over) return 0;
    const now = this.#clock.now();
    this.#deadline = rebase(this.#deadline, now);
    this.#over = isPast(this.#deadline, now);
    return remainingMs(this.#deadline, now);
  }
}
