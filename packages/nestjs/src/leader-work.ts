import type { Logger } from '@nestjs/common';
import { ClosedError, TermLostError } from '@tenure/core';
import type { Election, Term } from '@tenure/core';
import type { Clock, Instant } from '@tenure/core/store';
import { pause } from './pause.ts';

const MOST_MS = 60_000;

interface Work {
  /** Class and method. */
  readonly name: string;
  readonly run: (term: Term) => unknown;
  readonly retryMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** `again`: its term was lost. `away`: it failed or returned, and others should lead. `left`: nobody stands any more. */
type Outcome = 'again' | 'away' | 'left';

/** A method that runs while this replica leads, term after term. */
export class LeaderWork {
  readonly #election: Election;
  readonly #work: Work;
  readonly #leaving = new AbortController();
  #done: Promise<void> = Promise.resolve();
  #beganAt: Instant | undefined;

  constructor(election: Election, work: Work) {
    this.#election = election;
    this.#work = work;
  }

  /** Resolves when it has left and does not come back. */
  get settled(): Promise<void> {
    return this.#done;
  }

  start(): void {
    this.#done = this.#follow();
  }

  /** Tell it to stop, and leave. Resolves when it has settled and the key was given up. */
  stop(): Promise<void> {
    this.#leaving.abort();
    return this.#done;
  }

  async #follow(): Promise<void> {
    const { clock, retryMs } = this.#work;
    for (let times = 0; ;) {
      const outcome = await this.#stand();
      if (outcome === 'left') return;
      if (outcome === 'again') continue;
      if (this.#workedForMs() >= MOST_MS) times = 0;
      // The candidate has left, so that even an only replica does not run what fails in a loop.
      await pause(clock, Math.min(retryMs * 2 ** times, Math.max(retryMs, MOST_MS)), this.#leaving.signal);
      times += 1;
    }
  }

  async #stand(): Promise<Outcome> {
    const { name, run, logger, clock } = this.#work;
    const { signal } = this.#leaving;
    let current: Term | undefined;
    let outcome: Outcome = 'left';
    const work = async (term: Term): Promise<void> => {
      current = term;
      this.#beganAt = clock.now();
      logger.log(`${name} runs here, under token ${term.token}`);
      await run(term);
      if (term.signal.aborted) return;
      logger.warn(`${name} has returned, so another replica leads; it should work until term.signal aborts`);
      outcome = 'away';
      // Not waited for: it waits for us.
      void this.#election.stop();
    };
    try {
      await this.#election.lead(work, { signal });
      return outcome;
    } catch (error) {
      if (error === signal.reason || (error instanceof ClosedError && !current)) return 'left';
      if (error instanceof TermLostError && error.end.term === current) {
        logger.warn(`${name}: ${error.message}`);
        return 'again';
      }
      logger.error(`${name} failed, so another replica leads: ${String(error)}`, stackOf(error));
      return 'away';
    }
  }

  #workedForMs(): number {
    return this.#beganAt ? this.#work.clock.now().monoMs - this.#beganAt.monoMs : 0;
  }
}

const stackOf = (error: unknown): string | undefined => (error instanceof Error ? error.stack : undefined);
