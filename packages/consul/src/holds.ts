import { ClaimLostError, type ClaimNews, type Granted } from '@tenure/core/store';
import { judge, observe, type Hold } from './hold.ts';
import type { Observer } from './lookout.ts';
import type { Pair } from './pair.ts';
import type { Site } from './site.ts';

/** Of one hold. Its own fields are all that it has: there may be ten thousand. */
class HoldObserver implements Observer {
  readonly mayWait = true;
  readonly #holds: Holds;
  readonly #hold: Hold;

  constructor(holds: Holds, hold: Hold) {
    this.#holds = holds;
    this.#hold = hold;
  }

  get since(): number {
    return this.#hold.index;
  }

  seen(pair: Pair | undefined): void {
    this.#holds.saw(this.#hold, pair);
  }

  /** A renewal looks for itself then. */
  failed(): void {}
}

/** What was granted to a session and not released yet, each watched for its loss. */
export class Holds {
  readonly #site: Site;
  readonly #session: string;
  readonly #hint: () => void;
  readonly #all = new Map<string, Hold>();
  /** By path. */
  readonly #newest = new Map<string, Hold>();

  constructor(site: Site, session: string, hint: () => void) {
    this.#site = site;
    this.#session = session;
    this.#hint = hint;
  }

  get(claimId: string): Hold | undefined {
    return this.#all.get(claimId);
  }

  [Symbol.iterator](): Iterator<Hold> {
    return this.#all.values();
  }

  add(hold: Hold): void {
    // A key is given to one claim at a time, so whoever had it before has it no more.
    const former = this.#newest.get(hold.path);
    if (former) former.lost ??= 'superseded';
    this.#newest.set(hold.path, hold);
    this.#all.set(hold.claimId, hold);
    hold.leave = this.#site.lookout.observe(hold.path, new HoldObserver(this, hold));
  }

  /** What the store shows of it. */
  saw(hold: Hold, pair: Pair | undefined): void {
    if (observe(hold, this.#session, pair)) this.#hint();
  }

  remove(claimId: string): Hold | undefined {
    const hold = this.#all.get(claimId);
    if (!hold) return undefined;
    hold.leave();
    this.#all.delete(claimId);
    if (this.#newest.get(hold.path) === hold) this.#newest.delete(hold.path);
    return hold;
  }

  /** The hold that was granted so; throws when it is known to be over. */
  of({ claimId, key }: Pick<Granted, 'claimId' | 'key'>): Hold {
    const hold = this.#all.get(claimId);
    if (hold && !hold.lost) return hold;
    throw new ClaimLostError(`claim ${claimId} does not hold ${key.name}: ${hold?.lost ?? 'released'}`);
  }

  /** What may still be ours, so that a renewal has to look. */
  paths(): string[] {
    return [...this.#all.values()].filter((hold) => !hold.lost).map(({ path }) => path);
  }

  /** Those whose record somebody has written over, which does not touch the lock. */
  spoilt(): Hold[] {
    return [...this.#all.values()].filter((hold) => {
      const pair = this.#site.lookout.glimpse(hold.path);
      if (hold.lost || !pair || pair.modifyIndex < hold.index) return false;
      return judge(hold, this.#session, pair) === 'tampered';
    });
  }

  news(): ClaimNews[] {
    return [...this.#all.values()].flatMap(({ claimId, lost, isAskedBack }) => {
      const what = lost ?? (isAskedBack ? 'evicted' : undefined);
      return what ? { claimId, what } : [];
    });
  }
}
