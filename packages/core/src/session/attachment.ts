import { isPast, later } from '../clock.ts';
import type { Instant } from '../clock.ts';
import { bounded } from '../runtime/patience.ts';
import type { SessionOptions } from './events.ts';
import type { Key, StoreSession } from '../store.ts';

/** A store's session with our ear on it, for as long as it is the current one. */
export class Attachment {
  readonly session: StoreSession;
  readonly #options: Pick<SessionOptions, 'clock' | 'timing'>;
  readonly #ghosts = new Map<string, { readonly key: Key; readonly until: Instant }>();
  readonly #gone: () => void;
  readonly #untake: () => void;
  #detached = false;

  constructor(
    session: StoreSession,
    options: Pick<SessionOptions, 'clock' | 'timing'>,
    tell: { readonly gone: () => void; readonly hint: () => void },
  ) {
    this.session = session;
    this.#options = options;
    this.#gone = () => {
      if (!this.#detached) tell.gone();
    };
    session.gone.addEventListener('abort', this.#gone, { once: true });
    this.#untake = session.taken(() => {
      if (!this.#detached) tell.hint();
    });
    // It died before we listened.
    if (session.gone.aborted) queueMicrotask(this.#gone);
  }

  detach(): void {
    this.#detached = true;
    this.session.gone.removeEventListener('abort', this.#gone);
    this.#untake();
    this.#ghosts.clear();
  }

  /** Release this claim again with every renewal for one TTL: one that was sent and never answered may still be applied. */
  sweep(key: Key, claimId: string): void {
    const { clock, timing } = this.#options;
    this.#ghosts.set(claimId, { key, until: later(clock.now(), timing.ttlMs) });
  }

  releaseGhosts(): void {
    const { clock, timing } = this.#options;
    for (const [claimId, { key, until }] of this.#ghosts) {
      if (isPast(until, clock.now())) this.#ghosts.delete(claimId);
      bounded(clock, timing.patienceMs, (signal) => this.session.release(key, claimId, signal)).catch(() => {
        // It is tried again with the next renewal, and gone with the session at the latest.
      });
    }
  }
}
