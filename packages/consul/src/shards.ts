import { covers, plan } from './plan.ts';
import { Shard, type ShardHost } from './shard.ts';

/** A bounded number of queries that together cover the keys somebody waits for. */
export class Shards {
  readonly #host: ShardHost;
  readonly #most: number;
  readonly #all = new Set<Shard>();
  readonly #assigned = new Map<string, Shard>();
  readonly #idle = new Set<Shard>();

  constructor(host: ShardHost, most: number) {
    this.#host = host;
    this.#most = most;
  }

  has(shard: Shard): boolean {
    return this.#all.has(shard);
  }

  /** The query that covers the key, and from now on has it among its own. */
  for(path: string): Shard | undefined {
    const known = this.#assigned.get(path);
    if (known) return known;
    const shard = this.covering(path);
    if (shard) this.#assign(path, shard);
    return shard;
  }

  /** The query that covers the key, be it among its own or not. */
  covering(path: string): Shard | undefined {
    const known = this.#assigned.get(path);
    if (known) return known;
    for (const shard of this.#all) if (covers(shard.target, path)) return shard;
    return undefined;
  }

  /** Nobody waits for it any more. */
  leave(path: string): void {
    this.#assigned.get(path)?.keys.delete(path);
    this.#assigned.delete(path);
  }

  get hasIdle(): boolean {
    for (const { keys } of this.#all) if (keys.size === 0) return true;
    return this.isTooWide;
  }

  /** Those that nobody has needed since this was last called: a query that is cut off costs its connection. */
  dropIdle(): void {
    for (const shard of this.#all) {
      if (shard.keys.size > 0) this.#idle.delete(shard);
      else if (this.#idle.has(shard)) this.#drop(shard);
      else this.#idle.add(shard);
    }
  }

  /** Covers these keys. Queries that fit the new plan run on. */
  cover(paths: readonly string[]): void {
    const uncovered: string[] = [];
    for (const path of paths) {
      const shard = this.for(path);
      if (shard?.isResting) shard.start(this.#host.since(path));
      if (!shard) uncovered.push(path);
    }
    const mostOthers = this.#most - uncovered.length;
    if (!this.isTooWide) {
      for (const shard of this.#all)
        if (this.#all.size > mostOthers && shard.keys.size === 0) this.#drop(shard);
      if (this.#all.size <= mostOthers) {
        for (const path of uncovered)
          this.#assign(path, this.#add(new Shard({ path, recurse: false }, this.#host)));
        return;
      }
    }
    const old = [...this.#all];
    this.#all.clear();
    this.#assigned.clear();
    for (const shard of old) shard.keys.clear();
    for (const { path, recurse } of plan(paths, this.#most)) {
      const same = old.find(({ target }) => target.path === path && target.recurse === recurse);
      this.#add(same ?? new Shard({ path, recurse }, this.#host));
    }
    for (const path of paths) this.for(path);
    for (const shard of old) if (!this.#all.has(shard)) this.#drop(shard);
  }

  stop(): void {
    for (const shard of this.#all) shard.stop();
    this.#all.clear();
    this.#assigned.clear();
  }

  /** Few keys are left of many: what watches whole folders for them hears too much. */
  get isTooWide(): boolean {
    if (this.#assigned.size > this.#most / 2) return false;
    for (const { target, keys } of this.#all) if (target.recurse && keys.size > 0) return true;
    return false;
  }

  #drop(shard: Shard): void {
    shard.stop();
    this.#all.delete(shard);
    this.#idle.delete(shard);
  }

  #assign(path: string, shard: Shard): void {
    this.#assigned.set(path, shard);
    shard.keys.add(path);
  }

  #add(shard: Shard): Shard {
    this.#all.add(shard);
    shard.start(this.#host.since(shard.target.path));
    return shard;
  }
}
