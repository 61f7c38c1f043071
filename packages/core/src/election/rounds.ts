import type { Clock } from '../clock.ts';
import { bounded } from '../runtime/patience.ts';
import type { Session } from '../session/session.ts';
import type { Held } from '../store.ts';
import type { Timing } from '../timing.ts';

/** Somebody who waits for a key. */
export interface Follower {
  readonly wait: { readonly held: Held; readonly isChecking: boolean } | undefined;
  /** It is right to wait on. */
  waits(held: Held): void;
  /** Asking again may pay off. Without effect when it waits for something else by now. */
  woke(held: Held): void;
}

interface RoundsOptions {
  readonly session: Session;
  readonly timing: Timing;
  readonly clock: Clock;
}

/**
 * Rechecks of all who wait with one session. When one of them is due, all are asked about in one call, so that ten
 * thousand who wait cost little more than one. Where the store cannot do that, or does not answer, whoever is due asks
 * for itself.
 */
export class Rounds {
  readonly #options: RoundsOptions;
  readonly #followers = new Set<Follower>();
  #isAsking = false;

  constructor(options: RoundsOptions) {
    this.#options = options;
  }

  /** The follower waits, does so no more, or is due. */
  moved(follower: Follower): void {
    const { wait } = follower;
    if (wait) this.#followers.add(follower);
    else this.#followers.delete(follower);
    if (!wait?.isChecking) return;
    if (this.#options.session.store?.recheck) void this.#ask();
    else follower.woke(wait.held);
  }

  /** Never rejects. */
  async #ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const { session, timing, clock } = this.#options;
    const asked = new Map<Follower, Held>();
    for (const follower of this.#followers) if (follower.wait) asked.set(follower, follower.wait.held);
    try {
      const answers = await bounded(clock, timing.patienceMs, async (signal) =>
        session.store?.recheck?.([...asked.values()], signal),
      );
      [...asked].forEach(([follower, held], index) => {
        if (follower.wait?.held !== held) return;
        const answer = answers?.[index];
        if (answer) follower.waits(answer);
        else follower.woke(held);
      });
    } catch {
      // Who is due asks for itself when its patience ends, and tells of trouble then.
    }
    this.#isAsking = false;
    // Those who came to wait meanwhile, and are due already.
    const isMissed = (follower: Follower): boolean =>
      !asked.has(follower) && follower.wait?.isChecking === true;
    if ([...this.#followers].some(isMissed)) void this.#ask();
  }
}
