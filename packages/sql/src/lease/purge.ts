import { bigintOf, textOf } from './row.ts';
import type { Site } from './site.ts';
import { withPatience } from './patience.ts';

const RENEWALS_PER_PURGE = 100;
const ROWS_AT_ONCE = 200;
const PATIENCE_MS = 60_000;

/**
 * Takes away what nobody needs any more: in the background, in small parts, one purge at a time. What fails is left to
 * the next one; every process of the same tables does it.
 */
export class Purge {
  readonly #site: Site;
  #running: Promise<void> | undefined;
  #wanted = false;
  #renewals = 0;

  constructor(site: Site) {
    this.#site = site;
  }

  renewed(): void {
    this.#renewals += 1;
    if (this.#renewals % RENEWALS_PER_PURGE === 0) this.start();
  }

  /** Now, or once more after the one that runs. */
  start(): void {
    if (this.#running) {
      this.#wanted = true;
      return;
    }
    const { clock, closing } = this.#site;
    this.#wanted = false;
    this.#running = withPatience({ clock, ms: PATIENCE_MS, until: closing }, (signal) => this.#all(signal))
      .catch(() => {})
      .finally(() => {
        this.#running = undefined;
        if (this.#wanted && !closing.aborted) this.start();
      });
  }

  /** The one that runs, if any. Never rejects. */
  async finished(): Promise<void> {
    await this.#running;
  }

  async #all(signal: AbortSignal): Promise<void> {
    await this.#again(() => this.#sessions(signal), signal);
    await this.#again(() => this.#orphans(signal), signal);
    await this.#again(() => this.#idle(signal), signal);
  }

  /** Until there is no more of it. Everything else gets its turn in between, also where a driver never waits. */
  async #again(some: () => Promise<number>, signal: AbortSignal): Promise<void> {
    do {
      await new Promise(setImmediate);
      signal.throwIfAborted();
    } while ((await some()) > 0);
  }

  async #sessions(signal: AbortSignal): Promise<number> {
    const site = this.#site;
    const { sql, retainMs } = site;
    const { rows } = await site.run(sql.purge.expiredSessions(retainMs, ROWS_AT_ONCE), signal);
    const ids = rows.map((row) => textOf(row, 'id'));
    if (ids.length === 0) return 0;
    return (await site.run(sql.purge.deleteSessions(ids, retainMs), signal)).changed;
  }

  async #orphans(signal: AbortSignal): Promise<number> {
    const site = this.#site;
    const { sql } = site;
    const { rows } = await site.run(sql.purge.orphans(ROWS_AT_ONCE), signal);
    if (rows.length === 0) return 0;
    const orphans = rows.map((row) => ({
      namespace: textOf(row, 'namespace'),
      name: textOf(row, 'name'),
      sessionId: textOf(row, 'session_id'),
      token: bigintOf(row, 'token'),
    }));
    return (await site.run(sql.purge.free(orphans), signal)).changed;
  }

  async #idle(signal: AbortSignal): Promise<number> {
    const site = this.#site;
    const { sql, retainMs } = site;
    const { rows } = await site.run(sql.purge.idle(retainMs, ROWS_AT_ONCE), signal);
    const last = rows.at(-1);
    if (!last) return 0;
    return (await site.run(sql.purge.forget(bigintOf(last, 'idle_at'), retainMs), signal)).changed;
  }
}
