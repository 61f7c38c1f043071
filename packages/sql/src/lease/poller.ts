import { later } from '@tenure/core/store';
import type { Held, Key } from '@tenure/core/store';
import type { Row } from '../database.ts';
import { withPatience } from './patience.ts';
import { bigintOf, remainingMs, textOf } from './row.ts';
import { nameIn, nameOf } from './key-name.ts';
import { holdsOf, parts } from './waiting.ts';
import { glance } from './sight.ts';
import type { Site } from './site.ts';

const KEYS_PER_QUERY = 500;
const PATIENCE_MS = 5000;
/** A database that is slow to answer is asked less often: no more than a tenth of the time. */
const RESTS_PER_POLL = 9;

/** Where nobody tells: one timer a store, which runs only while something is parked or watched, and asks about all of it at once. */
export class Poller {
  readonly #site: Site;
  /** Who held the keys that are parked for, when that was last seen. */
  readonly #tokens = new Map<string, bigint | undefined>();
  #cancel: (() => void) | undefined;

  constructor(site: Site) {
    this.#site = site;
  }

  /** Somebody waits. Without effect where the database tells. */
  need(): void {
    if (this.#site.database.listen || this.#cancel) return;
    // Whatever was written while nobody polled, the first poll looks at.
    this.#schedule(true);
  }

  park({ key, holder }: Held): void {
    if (this.#site.database.listen) return;
    const name = nameOf(key);
    // The key has changed hands since others parked there.
    if (this.#tokens.has(name) && this.#tokens.get(name) !== holder?.token)
      this.#site.newsroom.parking.wake(key);
    this.#tokens.set(name, holder?.token);
    this.need();
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#tokens.clear();
  }

  #schedule(regardless: boolean, tookMs = 0): void {
    const { clock, database, closing } = this.#site;
    if (closing.aborted) return;
    const ms = Math.max(database.pollMs, tookMs * RESTS_PER_POLL);
    this.#cancel = clock.alarm(later(clock.now(), ms), () => void this.#poll(regardless));
  }

  async #poll(regardless: boolean): Promise<void> {
    const { newsroom, database, clock, closing } = this.#site;
    const parked = newsroom.parking.keys;
    const { watched } = newsroom;
    if (parked.length === 0) this.#tokens.clear();
    if (parked.length === 0 && watched.length === 0) {
      this.#cancel = undefined;
      return;
    }
    let failed = false;
    const since = clock.now().monoMs;
    if ((database.mayHaveChanged?.() ?? true) || regardless) {
      try {
        await withPatience({ clock, ms: PATIENCE_MS, until: closing }, async (signal) => {
          await this.#askForParked(parked, signal);
          for (const keys of parts(watched, KEYS_PER_QUERY)) await this.#askForWatched(keys, signal);
        });
      } catch {
        // Those who wait ask for themselves after a while. What was not looked at must be looked at next time.
        failed = true;
      }
    }
    this.#schedule(failed, clock.now().monoMs - since);
  }

  async #askForParked(keys: readonly Key[], signal: AbortSignal): Promise<void> {
    const holds = await holdsOf(this.#site, keys, KEYS_PER_QUERY, signal);
    for (const key of keys) {
      const name = nameOf(key);
      const token = holds.get(name)?.token;
      const isSame = !this.#tokens.has(name) || this.#tokens.get(name) === token;
      if (token !== undefined && isSame) continue;
      this.#tokens.delete(name);
      this.#site.newsroom.parking.wake(key);
    }
  }

  async #askForWatched(keys: readonly Key[], signal: AbortSignal): Promise<void> {
    const { sql, newsroom } = this.#site;
    const { rows } = await this.#site.run(sql.observers.watched(keys), signal);
    const seen = new Map(rows.map((row) => [nameIn(row), glanceOf(row)]));
    for (const key of keys) {
      const latest = seen.get(nameOf(key)) ?? glance({ holder: undefined });
      for (const watcher of newsroom.watchersOf(key)) if (watcher.shown !== latest) watcher.changed();
    }
  }
}

function glanceOf(row: Row): string {
  const token = bigintOf(row, 'token');
  const isHeld = remainingMs(row, 'remaining_us') > 0;
  const holder = isHeld ? { key: textOf(row, 'name'), token, value: textOf(row, 'value') } : undefined;
  return glance({ holder, lastToken: token });
}
