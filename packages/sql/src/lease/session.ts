import { pause, SessionGoneError } from '@tenure/core/store';
import type { ClaimRecord, Granted, Held, Key, Renewed, StoreSession, Ticket } from '@tenure/core/store';
import { Claims, goneError } from './claims.ts';
import { endSessionOf } from './ending.ts';
import { lookAtHoldings } from './inspection.ts';
import type { Purge } from './purge.ts';
import { bigintOf } from './row.ts';
import type { Site } from './site.ts';
import { nameOf } from './key-name.ts';
import { holdsOf } from './waiting.ts';

/** What an operator deletes from the tables by hand changes no counter: so everything is looked at once a TTL in any case. */
const RENEWALS_PER_LOOK = 3;

/** More than anybody waits for at once, mostly: it comes once or twice a TTL. */
const KEYS_PER_RECHECK = 10_000;

export interface Opened {
  readonly id: string;
  readonly ttlMs: number;
  readonly adopted: boolean;
}

export class LeaseSession implements StoreSession {
  readonly id: string;
  readonly ttlMs: number;
  readonly adopted: boolean;
  readonly #site: Site;
  readonly #purge: Purge;
  readonly #claims: Claims;
  readonly #gone = new AbortController();
  readonly #hints = new Set<() => void>();
  readonly #deafen: () => void;
  /** The session's counter as of the last look. */
  #revoked = 0n;
  #renewalsSinceLook = 0;

  constructor(site: Site, purge: Purge, { id, ttlMs, adopted }: Opened) {
    this.id = id;
    this.ttlMs = ttlMs;
    this.adopted = adopted;
    this.#site = site;
    this.#purge = purge;
    this.#claims = new Claims(site, id);
    this.#deafen = site.newsroom.onRevoked(id, () => {
      // Not at once: whoever hears it may ask, and must not do so in the middle of somebody else's verb.
      for (const hint of this.#hints) queueMicrotask(hint);
    });
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** One statement, whatever the session holds; a second one when its counter has moved, and once a TTL. */
  async renew(signal: AbortSignal): Promise<Renewed> {
    await this.#site.enter(signal);
    const { holdings } = this.#claims;
    const { changed, rows, insertId } = await this.#site.run(
      this.#site.sql.sessions.renew(this.id, this.ttlMs),
      signal,
    );
    if (changed === 0) throw goneError(this.id);
    const revoked = rows[0] ? bigintOf(rows[0], 'revoked') : (insertId ?? 0n);
    this.#renewalsSinceLook += 1;
    if (revoked !== this.#revoked || this.#renewalsSinceLook >= RENEWALS_PER_LOOK) {
      await lookAtHoldings(this.#site, this.id, holdings, signal);
      this.#revoked = revoked;
      this.#renewalsSinceLook = 0;
    }
    this.#purge.renewed();
    return { ttlMs: this.ttlMs, news: holdings.news };
  }

  async claim(key: Key, proposal: ClaimRecord, signal: AbortSignal): Promise<Granted | Held> {
    await this.#site.enter(signal);
    return this.#heed(this.#claims.claim(key, proposal, signal));
  }

  async park(held: Held, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const ticket = held.cursor as Ticket | undefined;
    // Not an answer of ours, or nobody will wake it: asking again tells.
    if (!ticket || this.#site.closing.aborted) return;
    this.#site.poller.park(held);
    await ticket.wait(signal);
    const ms = this.#claims.headStartMs(held);
    if (ms > 0) await pause(this.#site.clock, ms, signal);
  }

  async recheck(helds: readonly Held[], signal: AbortSignal): Promise<(Held | undefined)[]> {
    await this.#site.enter(signal);
    const keys = helds.map(({ key }) => key);
    const holds = await holdsOf(this.#site, keys, KEYS_PER_RECHECK, signal);
    return helds.map((held) => {
      const hold = holds.get(nameOf(held.key));
      const isSame = hold && hold.token === held.holder?.token;
      return isSame ? { ...held, retryInMs: hold.remainingMs } : undefined;
    });
  }

  async release(key: Key, claimId: string, signal: AbortSignal): Promise<void> {
    await this.#site.enter(signal);
    await this.#claims.release(key, claimId, signal);
  }

  async announce(granted: Granted, record: ClaimRecord, signal: AbortSignal): Promise<void> {
    await this.#site.enter(signal);
    await this.#heed(this.#claims.announce(granted, record, signal));
  }

  async save(granted: Granted, checkpoint: string, sequence: number, signal: AbortSignal): Promise<void> {
    await this.#site.enter(signal);
    await this.#heed(this.#claims.save(granted, checkpoint, sequence, signal));
  }

  async close(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#hints.clear();
    this.#deafen();
    // Its sessions go with the store; a second end is no trouble.
    if (!this.#site.closing.aborted) await endSessionOf(this.#site, this.id, signal);
  }

  taken(hint: () => void): () => void {
    // A function of its own, so that a listener that is given twice is two.
    const call = (): void => hint();
    this.#hints.add(call);
    return () => void this.#hints.delete(call);
  }

  /** A verb that hears of the session's end tells the rest of it; a renewal has asked for itself. */
  async #heed<T>(verb: Promise<T>): Promise<T> {
    try {
      return await verb;
    } catch (error) {
      if (error instanceof SessionGoneError) this.#gone.abort(error);
      throw error;
    }
  }
}
