import { TermLostError } from '@tenure/core';
import type { Election, Tenure, Term } from '@tenure/core';
import { checkMs, later } from '@tenure/core/store';
import { settingsOf } from './options.ts';
import type { RunCoordinatorOptions, Settings } from './options.ts';
import { tickOf } from './tick.ts';
import { Ticks } from './ticks.ts';

/** What node-cron asks before it runs a task that is `distributed`, and tells when it has. */
export interface RunCoordinator {
  /** Whose leader runs the tasks: to see who that is, hear of trouble, resign, or stop. */
  readonly election: Election;
  /** @throws what node-cron reports as `coordinator-error`, and does not run the task */
  shouldRun(key: string, ttlMs: number): Promise<boolean>;
  onComplete(key: string): void;
}

const nothing = (): void => {};

class Coordinator implements RunCoordinator {
  readonly election: Election;
  readonly #settings: Settings;
  /** What lets go of the key, by the tick that holds it. */
  readonly #running = new Map<string, () => void>();
  readonly #ticks = new WeakMap<Term, Ticks>();

  constructor(tenure: Tenure, settings: Settings) {
    this.#settings = settings;
    this.election = tenure.election(settings.key);
    const letGo = (): void => {
      for (const done of this.#running.values()) done();
    };
    this.election.on('released', letGo).on('lost', letGo);
    this.election.start();
  }

  async shouldRun(key: string, ttlMs: number): Promise<boolean> {
    checkMs('distributedLease', ttlMs);
    const tick = tickOf(key);
    const term = this.election.term ?? (await this.#nextTerm());
    // A term that was asked to end only waits for what it has begun.
    if (!term?.isCurrent() || term.signal.aborted) return false;
    const ticks = this.#ticksOf(term);
    if (ticks.has(tick)) return false;
    const done = this.#hold(term, key, ttlMs);
    try {
      // Before it runs: whoever leads next, after a crash too, must know.
      await ticks.record(tick);
      if (!term.isCurrent()) throw new TermLostError(await term.ended);
      return true;
    } catch (error) {
      done();
      throw error;
    }
  }

  onComplete(key: string): void {
    this.#running.get(key)?.();
  }

  /** The key stays ours until the run is over, or has taken longer than it may. */
  #hold(term: Term, key: string, ttlMs: number): () => void {
    const { clock } = this.#settings;
    let done = nothing;
    const run = new Promise<void>((resolve) => {
      done = () => {
        cancel();
        this.#running.delete(key);
        resolve();
      };
    });
    term.waitUntil(run);
    const cancel = clock.alarm(later(clock.now(), ttlMs), done);
    this.#running.set(key, done);
    return done;
  }

  #ticksOf(term: Term): Ticks {
    const known = this.#ticks.get(term);
    if (known) return known;
    const ticks = new Ticks(term.slot('node-cron'));
    this.#ticks.set(term, ticks);
    return ticks;
  }

  /** Undefined when none is won in time, or nobody stands here any more. */
  #nextTerm(): Promise<Term | undefined> {
    const { clock, waitMs } = this.#settings;
    return new Promise((resolve) => {
      const watch: { seen?: { unsubscribe(): void }; over?: boolean } = {};
      const done = (term?: Term): void => {
        cancel();
        watch.over = true;
        watch.seen?.unsubscribe();
        resolve(term);
      };
      const cancel = clock.alarm(later(clock.now(), waitMs), done);
      watch.seen = this.election.standing.subscribe(({ role, term }) => {
        if (term ?? role === 'idle') done(term);
      });
      // The first value comes before there is anything to unsubscribe.
      if (watch.over) watch.seen.unsubscribe();
    });
  }
}

/**
 * For `cron.setRunCoordinator`, or for one task's `runCoordinator`. It stands for election from now on, with a
 * candidate of its own, until the tenure is closed; the leader runs the tasks.
 *
 * A tick is written down before it runs, so no two replicas run it, also when their clocks differ, by an hour at most.
 * It may be run by nobody: when it comes due while a leader that died has not expired, or when that death cuts it off.
 * @throws InvalidArgumentError, ClosedError
 */
export function runCoordinator(tenure: Tenure, options: RunCoordinatorOptions = {}): RunCoordinator {
  return new Coordinator(tenure, settingsOf(tenure, options));
}
