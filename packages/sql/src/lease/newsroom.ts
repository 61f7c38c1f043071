import { Parking } from '@tenure/core/store';
import type { Key } from '@tenure/core/store';
import type { Database, Listener, News } from '../database.ts';
import { nameOf } from './key-name.ts';

const NEWS_AT_ONCE = 500;

/** Somebody who watches a key. */
export interface Watcher {
  readonly key: Key;
  readonly changed: () => void;
  /** What its last look has shown it; undefined while it looks. Somebody who polls compares with that, not with what he saw himself. */
  shown: string | undefined;
}

/**
 * Who in this process waits for which news, and the way to the other processes. News are hints: one that is lost costs
 * time, and nothing is decided by one that comes.
 */
export class Newsroom implements Listener {
  readonly parking: Parking = new Parking();
  readonly #database: Database;
  readonly #watchers = new Map<string, Set<Watcher>>();
  readonly #hints = new Map<string, Set<() => void>>();
  #unlisten: (() => void) | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Resolves when news are heard from now on, or cannot be had now. Whoever looks after that misses nothing. */
  async listening(signal: AbortSignal): Promise<void> {
    this.#unlisten ??= this.#database.listen?.(this);
    await this.#database.listening?.(signal);
  }

  hear(news: News): void {
    if (news.what === 'revoked') {
      for (const hint of this.#hints.get(news.sessionId) ?? []) hint();
      return;
    }
    if (!news.taken) this.parking.wake(news.key);
    for (const watcher of this.watchersOf(news.key)) watcher.changed();
  }

  missed(): void {
    this.parking.wakeAll();
    for (const watchers of this.#watchers.values()) for (const watcher of watchers) watcher.changed();
    for (const hints of this.#hints.values()) for (const hint of hints) hint();
  }

  /** This process at once, then the others, a message of many at a time. Never rejects. */
  async tell(all: readonly News[], signal: AbortSignal): Promise<void> {
    for (const news of all) this.hear(news);
    for (let i = 0; i < all.length && !signal.aborted; i += NEWS_AT_ONCE)
      await this.pass(all.slice(i, i + NEWS_AT_ONCE), signal);
  }

  /** To the others only. Never rejects. */
  async pass(news: readonly News[], signal: AbortSignal): Promise<void> {
    const statement = this.#database.telling?.all(news);
    if (statement) await this.#database.run(statement, signal).catch(() => {});
  }

  watch(watcher: Watcher): () => void {
    const name = nameOf(watcher.key);
    const watchers = this.#watchers.get(name) ?? new Set();
    this.#watchers.set(name, watchers.add(watcher));
    return () => {
      watchers.delete(watcher);
      if (watchers.size === 0 && this.#watchers.get(name) === watchers) this.#watchers.delete(name);
    };
  }

  watchersOf(key: Key): Iterable<Watcher> {
    return this.#watchers.get(nameOf(key)) ?? [];
  }

  /** Each once. */
  get watched(): readonly Key[] {
    return [...this.#watchers.values()].flatMap(([first]) => (first ? [first.key] : []));
  }

  /** News of a session. */
  onRevoked(sessionId: string, hint: () => void): () => void {
    const hints = this.#hints.get(sessionId) ?? new Set();
    this.#hints.set(sessionId, hints);
    hints.add(hint);
    return () => {
      hints.delete(hint);
      if (hints.size === 0 && this.#hints.get(sessionId) === hints) this.#hints.delete(sessionId);
    };
  }

  close(): void {
    this.#unlisten?.();
    this.missed();
  }
}
