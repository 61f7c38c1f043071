import { later } from '@tenure/core/store';
import type { Key } from '@tenure/core/store';
import type { News } from '../database.ts';
import { withPatience } from './patience.ts';
import type { Site } from './site.ts';
import { nameOf } from './key-name.ts';

/** A message that takes longer keeps a connection from being used. */
const PATIENCE_MS = 5000;
/** What comes sooner after the last message goes with the next one. */
const REST_MS = 10;

/**
 * Tells the others of grants, which nobody but observers wants to hear of: beside what is done, one message at a time
 * with all that has come since the last one. A key that is given back by then needs none, as that is told by itself.
 */
export class Heralds {
  readonly #site: Site;
  readonly #pending = new Map<string, News>();
  #cancel: (() => void) | undefined;
  #busy = false;

  constructor(site: Site) {
    this.#site = site;
  }

  taken(key: Key): void {
    const { database, newsroom } = this.#site;
    const news = { what: 'changed', key, taken: true } as const;
    newsroom.hear(news);
    if (!database.telling) return;
    this.#pending.set(nameOf(key), news);
    if (!this.#busy && !this.#cancel) void this.#go();
  }

  givenBack(key: Key): void {
    this.#pending.delete(nameOf(key));
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#pending.clear();
  }

  /** Never rejects. */
  async #go(): Promise<void> {
    const { clock, closing, newsroom } = this.#site;
    this.#busy = true;
    const all = [...this.#pending.values()];
    this.#pending.clear();
    await withPatience({ clock, ms: PATIENCE_MS, until: closing }, (signal) => newsroom.pass(all, signal));
    this.#busy = false;
    if (closing.aborted) return;
    this.#cancel = clock.alarm(later(clock.now(), REST_MS), () => {
      this.#cancel = undefined;
      if (this.#pending.size > 0) void this.#go();
    });
  }
}
