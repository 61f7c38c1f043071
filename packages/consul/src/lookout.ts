import { later, systemClock } from '@tenure/core/store';
import type { Connection } from './connection.ts';
import { crowd } from './crowd.ts';
import type { Pair } from './pair.ts';
import type { Shard, ShardHost, Sight } from './shard.ts';
import { Shards } from './shards.ts';

/** Somebody who wants to know of a key. */
export interface Observer {
  /** The newest index at which the observer has seen the key. What is certainly older is not told. */
  readonly since: number;
  /** A query for it may begin a moment later. Most locks are released before that, and never cost one. */
  readonly mayWait?: boolean;
  seen(pair: Pair | undefined): void;
  /** The query broke; nothing is told until somebody asks again. */
  failed(error: unknown): void;
}

interface Interest {
  readonly observer: Observer;
  readonly joined: number;
}

export interface LookoutOptions {
  readonly connection: Connection;
  readonly maxQueries: number;
}

/** Between queries when no session asks for less. */
const IDLE_WAIT_MS = 15_000;
const MAX_WAIT_MS = 60_000;
const MIN_WAIT_MS = 100;
/** Who may wait waits for one to two of these, and so long a query goes on that nobody needs. */
const MOMENT_MS = 100;

/**
 * Watches any number of keys with a bounded number of blocking queries, for all sessions and observers of a store.
 * A query that fails is not repeated by itself: its observers are told, and `start` comes with the next one who asks.
 */
export class Lookout implements ShardHost {
  readonly connection: Connection;
  readonly #interests = new Map<string, Set<Interest>>();
  readonly #shards: Shards;
  readonly #waits = new Set<{ readonly waitMs: number }>();
  /** Keys that no query covers yet, since all who watch them may wait: those of this moment, and of the last one. */
  #young = new Set<string>();
  #growing = new Set<string>();
  #isPlanned = true;
  #cancelAlarm: (() => void) | undefined;
  #stamp = 0;
  #round = 0;

  constructor({ connection, maxQueries }: LookoutOptions) {
    this.connection = connection;
    this.#shards = new Shards(this, maxQueries);
  }

  /** Until the returned function is called, every query is answered at least every `waitMs` or so. */
  answerEvery(waitMs: number): () => void {
    const wait = { waitMs: Math.max(MIN_WAIT_MS, Math.min(Math.floor(waitMs), MAX_WAIT_MS)) };
    this.#waits.add(wait);
    return () => this.#waits.delete(wait);
  }

  waitMs(): number {
    return Math.min(IDLE_WAIT_MS, ...[...this.#waits].map(({ waitMs }) => waitMs));
  }

  stamp(): number {
    return (this.#stamp += 1);
  }

  /** Begins a round; `verify` tells answers of this one and later from those of earlier ones. */
  nextRound(): number {
    return (this.#round += 1);
  }

  /** May call the observer before it returns. */
  observe(path: string, observer: Observer): () => void {
    const interest: Interest = { observer, joined: this.stamp() };
    const interests = this.#interests.get(path);
    if (interests) interests.add(interest);
    else this.#interests.set(path, new Set([interest]));

    const shard = this.#shards.for(path);
    if (shard?.sight && shard.isRunning) tell(interest, path, shard.sight);
    else if (shard && !(shard.isResting && observer.mayWait)) shard.start(this.since(path));
    else if (observer.mayWait && (!interests || this.#mayWait(path))) this.#young.add(path);
    else {
      this.#grown(path);
      this.#planSoon();
    }
    this.#wakeLater();
    return () => this.#leave(path, interest);
  }

  /**
   * Looks, on the connection of renewals, at those of the keys that no query has answered for since that round.
   * Rejects if that can't be done.
   */
  async verify(paths: Iterable<string>, round: number, signal: AbortSignal): Promise<void> {
    if (!this.#isPlanned || this.#young.size + this.#growing.size > 0) {
      this.#young.clear();
      this.#growing.clear();
      this.#replan();
    }
    const silent = new Set<Shard>();
    for (const path of paths) {
      const shard = this.#shards.for(path);
      if (shard && shard.answeredIn < round) silent.add(shard);
    }
    if (silent.size === 0) return;
    const all = crowd(signal);
    await Promise.all(
      [...silent].map(async (shard) => {
        this.seen(shard, await shard.look('renewals', all));
        if (this.#shards.has(shard)) shard.start(this.since(shard.target.path));
      }),
    );
  }

  seen(shard: Shard, sight: Sight): boolean {
    const before = shard.sight;
    shard.answeredIn = this.#round;
    if (before && before.asked > sight.asked && before.index >= sight.index) return false;
    shard.sight = sight;
    let hasNews = false;
    for (const path of shard.keys) {
      const pair = sight.pairs.get(path);
      const isSame = before && before.pairs.get(path)?.modifyIndex === pair?.modifyIndex;
      if (isSame && before.asked >= this.#newest(path)) continue;
      for (const interest of this.#interests.get(path) ?? []) {
        // The index moves with every write: nothing has happened since. Others of a folder may have written all the time.
        const isKnown = pair?.modifyIndex === interest.observer.since;
        hasNews ||= !isSame && !(isKnown && shard.target.recurse);
        if (isKnown) continue;
        tell(interest, path, sight);
      }
    }
    return hasNews;
  }

  failed(shard: Shard, error: unknown): void {
    shard.sight = undefined;
    for (const path of shard.keys) {
      for (const { observer } of this.#interests.get(path) ?? []) observer.failed(error);
    }
  }

  close(reason: unknown): void {
    const told = [...this.#interests.values()];
    this.#cancelAlarm?.();
    this.#shards.stop();
    this.#interests.clear();
    for (const interests of told) for (const { observer } of interests) observer.failed(reason);
  }

  /** A query is under way whose answer, when it comes, may be of long ago: whoever wants the present has to ask for it. */
  isWatching(path: string): boolean {
    return this.#shards.covering(path)?.isRunning === true;
  }

  /** The newest known state; undefined also when nothing is known. */
  glimpse(path: string): Pair | undefined {
    return this.#shards.covering(path)?.sight?.pairs.get(path);
  }

  /** What everybody who watches the key has seen of it. */
  since(path: string): number {
    let oldest = Infinity;
    for (const { observer } of this.#interests.get(path) ?? []) oldest = Math.min(oldest, observer.since);
    return oldest === Infinity ? 0 : oldest;
  }

  /** When the youngest observer of that key came. */
  #newest(path: string): number {
    let newest = 0;
    for (const { joined } of this.#interests.get(path) ?? []) newest = Math.max(newest, joined);
    return newest;
  }

  #leave(path: string, interest: Interest): void {
    const interests = this.#interests.get(path);
    if (!interests?.delete(interest) || interests.size > 0) return;
    this.#interests.delete(path);
    this.#grown(path);
    this.#shards.leave(path);
    this.#wakeLater();
  }

  #mayWait(path: string): boolean {
    return this.#young.has(path) || this.#growing.has(path);
  }

  #grown(path: string): void {
    this.#young.delete(path);
    this.#growing.delete(path);
  }

  /** Not at once: a thousand keys may come together. */
  #planSoon(): void {
    if (!this.#isPlanned) return;
    this.#isPlanned = false;
    queueMicrotask(() => this.#replan());
  }

  #replan(): void {
    this.#isPlanned = true;
    this.#shards.cover([...this.#interests.keys()].filter((path) => !this.#mayWait(path)));
  }

  /** While something is left to do then. */
  #wakeLater(): void {
    if (this.#cancelAlarm) return;
    if (this.#young.size === 0 && this.#growing.size === 0 && !this.#shards.hasIdle) return;
    this.#cancelAlarm = systemClock.alarm(later(systemClock.now(), MOMENT_MS), () => {
      this.#cancelAlarm = undefined;
      const hasGrown = this.#growing.size > 0;
      this.#growing = this.#young;
      this.#young = new Set();
      this.#shards.dropIdle();
      if (hasGrown || this.#shards.isTooWide) this.#replan();
      this.#wakeLater();
    });
  }
}

/**
 * An answer that was on its way when the observer learned something newer must not be told as if it came after. It
 * is newer if it was asked for later, or shows an index that is.
 */
function tell({ observer, joined }: Interest, path: string, { pairs, index, asked }: Sight): void {
  const pair = pairs.get(path);
  if (asked > joined || (pair?.modifyIndex ?? index) >= observer.since) observer.seen(pair);
}
