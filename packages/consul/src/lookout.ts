import type { Connection } from './connection.ts';
import type { Pair } from './pair.ts';
import { covers, plan } from './plan.ts';
import { Shard, type ShardHost, type Sight } from './shard.ts';

/** Somebody who wants to know of a key. */
export interface Observer {
  /** The newest index at which the observer has seen the key. What is certainly older is not told. */
  readonly since: number;
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

/**
 * Watches any number of keys with a bounded number of blocking queries, for all sessions and observers of a store.
 * A query that fails is not repeated by itself: its observers are told, and `start` comes with the next one who asks.
 */
export class Lookout implements ShardHost {
  readonly connection: Connection;
  readonly #maxQueries: number;
  readonly #interests = new Map<string, Set<Interest>>();
  readonly #shards = new Set<Shard>();
  readonly #shardOf = new Map<string, Shard>();
  readonly #waits = new Set<{ readonly waitMs: number }>();
  #isPlanned = true;
  #stamp = 0;
  #round = 0;

  constructor({ connection, maxQueries }: LookoutOptions) {
    this.connection = connection;
    this.#maxQueries = maxQueries;
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

    const shard = this.#shardFor(path);
    if (shard === undefined) this.#planSoon();
    else if (!shard.isRunning) shard.start();
    else if (shard.sight) tell(interest, path, shard.sight);
    return () => this.#leave(path, interest);
  }

  /**
   * Looks, on the connection of renewals, at those of the keys that no query has answered for since that round.
   * Rejects if that can't be done.
   */
  async verify(paths: Iterable<string>, round: number, signal: AbortSignal): Promise<void> {
    this.#replan();
    const silent = new Set<Shard>();
    for (const path of paths) {
      const shard = this.#shardFor(path);
      if (shard && shard.answeredIn < round) silent.add(shard);
    }
    await Promise.all(
      [...silent].map(async (shard) => {
        this.seen(shard, await shard.look('renewals', signal));
        if (this.#shards.has(shard)) shard.start();
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
      const isSame = before && before.pairs.get(path)?.modifyIndex === sight.pairs.get(path)?.modifyIndex;
      hasNews ||= !isSame;
      if (isSame && before.asked >= this.#newest(path)) continue;
      for (const interest of this.#interests.get(path) ?? []) tell(interest, path, sight);
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
    for (const shard of this.#shards) shard.stop();
    this.#shards.clear();
    this.#shardOf.clear();
    this.#interests.clear();
    for (const interests of told) for (const { observer } of interests) observer.failed(reason);
  }

  /** The newest known state; undefined also when nothing is known. */
  glimpse(path: string): Pair | undefined {
    return this.#shardOf.get(path)?.sight?.pairs.get(path);
  }

  /** When the youngest observer of that key came. */
  #newest(path: string): number {
    let newest = 0;
    for (const { joined } of this.#interests.get(path) ?? []) newest = Math.max(newest, joined);
    return newest;
  }

  #shardFor(path: string): Shard | undefined {
    let shard = this.#shardOf.get(path);
    if (shard) return shard;
    shard = [...this.#shards].find(({ target }) => covers(target, path));
    if (shard) this.#assign(path, shard);
    return shard;
  }

  #assign(path: string, shard: Shard): void {
    this.#shardOf.set(path, shard);
    shard.keys.add(path);
  }

  #leave(path: string, interest: Interest): void {
    const interests = this.#interests.get(path);
    if (!interests?.delete(interest) || interests.size > 0) return;
    this.#interests.delete(path);
    this.#planSoon();
  }

  /** Not at once: a thousand keys may come together. */
  #planSoon(): void {
    if (!this.#isPlanned) return;
    this.#isPlanned = false;
    queueMicrotask(() => this.#replan());
  }

  #replan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#dropIdle();
    const uncovered = [...this.#interests.keys()].filter((path) => this.#shardFor(path) === undefined);
    const isFine = this.#shards.size + uncovered.length <= this.#maxQueries && !this.#isTooWide();
    if (isFine) {
      for (const path of uncovered) this.#add(new Shard({ path, recurse: false }, this), [path]);
      return;
    }
    const keys = [...this.#interests.keys()];
    const old = [...this.#shards];
    this.#shards.clear();
    this.#shardOf.clear();
    for (const shard of old) shard.keys.clear();
    const targets = plan(keys, this.#maxQueries);
    for (const { path, recurse } of targets) {
      const same = old.find(({ target }) => target.path === path && target.recurse === recurse);
      this.#add(same ?? new Shard({ path, recurse }, this), []);
    }
    for (const path of keys) this.#shardFor(path);
    for (const shard of old) if (!this.#shards.has(shard)) shard.stop();
  }

  /** Few keys are left of many: what watches whole folders for them hears too much. */
  #isTooWide(): boolean {
    return (
      this.#interests.size <= this.#maxQueries / 2 && [...this.#shards].some(({ target }) => target.recurse)
    );
  }

  #dropIdle(): void {
    for (const shard of this.#shards) {
      for (const path of shard.keys) {
        if (this.#interests.has(path)) continue;
        shard.keys.delete(path);
        this.#shardOf.delete(path);
      }
      if (shard.keys.size > 0) continue;
      shard.stop();
      this.#shards.delete(shard);
    }
  }

  #add(shard: Shard, paths: readonly string[]): void {
    this.#shards.add(shard);
    for (const path of paths) this.#assign(path, shard);
    shard.start();
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
