import { later } from '@tenure/core/store';
import * as scripts from './claim-scripts.ts';
import type { Site } from './site.ts';

const RENEWALS_PER_SWEEP = 100;
const NAMES_AT_ONCE = 200;
const PATIENCE_MS = 30_000;

/**
 * Frees what sessions that are over have left behind and nobody has claimed since, so that it is forgotten in time. In
 * the background, a page at a time; what fails is left to the next one.
 */
export class Sweep {
  readonly #site: Site;
  #running: Promise<void> | undefined;
  #renewals = 0;

  constructor(site: Site) {
    this.#site = site;
  }

  renewed(namespace: string): void {
    this.#renewals += 1;
    if (this.#renewals % RENEWALS_PER_SWEEP === 0) this.start(namespace);
  }

  start(namespace: string): void {
    this.#running ??= this.#all(namespace)
      .catch(() => {})
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** The one that runs, if any. Never rejects. */
  async finished(): Promise<void> {
    await this.#running;
  }

  async #all(namespace: string): Promise<void> {
    const { clock, closing, layout, line, settings, counted } = this.#site;
    const over = new AbortController();
    const end = (): void => over.abort(closing.reason);
    const cancel = clock.alarm(later(clock.now(), PATIENCE_MS), end);
    closing.addEventListener('abort', end, { once: true });
    try {
      let cursor = '0';
      do {
        const { retainMs } = settings;
        const args = [cursor, layout.base(namespace), NAMES_AT_ONCE, retainMs, counted];
        cursor = (await line.text(scripts.sweep, [layout.held(namespace)], args, over.signal)) ?? '0';
      } while (cursor !== '0' && !over.signal.aborted);
    } finally {
      cancel();
      closing.removeEventListener('abort', end);
    }
  }
}
