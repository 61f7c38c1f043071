import { covers, plan } from './plan.ts';
import { Shard, type ShardHost } from './shard.ts';

/** A bounded number of queries that together cover the keys somebody waits for. */
export class Shards {
  readonly #host: ShardHost;
  readonly #most: number;
  readonly #all = new Set<Shard>();
  readonly #assigned = new Map<string, Shard>();

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
    const shard = [...this.#all].find(({ target }) => covers(target, path));
    if (shard) this.#assign(path, shard);
    return shard;
  }

  /** Covers these keys and drops what none of them needs. Queries that fit the new plan run on. */
  cover(paths: ReadonlySet<string>): void {
    this.#dropIdle(paths);
    const uncovered = [...paths].filter((path) => this.for(path) === undefined);
    if (this.#all.size + uncovered.length <= this.#most && !this.#isTooWide(paths)) {
      for (const path of uncovered)
        this.#assign(path, this.#add(new Shard({ path, recurse: false }, this.#host)));
      return;
    }
    const old = [...this.#all];
    this.#all.clear();
    this.#assigned.clear();
    for (const shard of old) shard.keys.clear();
    for (const { path, recurse } of plan([...paths], this.#most)) {
      const same = old.find(({ target }) => target.path === path && target.recurse === recurse);
      this.#add(same ?? new Shard({ path, recurse }, this.#host));
    }
    for (const path of paths) this.for(path);
    for (const shard of old) if (!this.#all.has(shard)) shard.stop();
  }

  stop(): void {
    for (const shard of this.#all) shard.stop();
    this.#all.clear();
    this.#assigned.clear();
  }

  /** Few keys are left of many: what watches whole folders for them hears too much. */
  #isTooWide(paths: ReadonlySet<string>): boolean {
    return paths.size <= this.#most / 2 && [...this.#all].some(({ target }) => target.recurse);
  }

  #dropIdle(paths: ReadonlySet<string>): void {
    for (const shard of this.#all) {
      for (const path of shard.keys) {
        if (paths.has(path)) continue;
        shard.keys.delete(path);
        this.#assigned.delete(path);
      }
      if (shard.keys.size > 0) continue;
      shard.stop();
      this.#all.delete(shard);
    }
  }

  #assign(path: string, shard: Shard): void {
    this.#assigned.set(path, shard);
    shard.keys.add(path);
  }

  #add(shard: Shard): Shard {
    this.#all.add(shard);
    shard.start();
    return shard;
  }
}
