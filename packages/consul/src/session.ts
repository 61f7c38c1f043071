import {
  SessionGoneError,
  StoreUnavailableError,
  type ClaimRecord,
  type Granted,
  type Held,
  type Key,
  type Renewed,
  type StoreSession,
} from '@tenure/core/store';
import { Claims } from './claims.ts';
import { durationMs } from './duration.ts';
import { Park } from './park.ts';
import type { Site } from './site.ts';

/** A blocking query is answered four times per TTL, so that every renewal, three per TTL, has heard each of them. */
const ANSWERS_PER_TTL = 4;

export class ConsulSession implements StoreSession {
  readonly id: string;
  readonly ttlMs: number;
  readonly adopted: boolean;
  readonly #site: Site;
  readonly #claims: Claims;
  readonly #park: Park;
  readonly #gone = new AbortController();
  readonly #hints = new Set<() => void>();
  readonly #rest: () => void;
  #round: number;
  #tidying = new AbortController();

  constructor(site: Site, made: { readonly id: string; readonly ttlMs: number; readonly adopted: boolean }) {
    this.id = made.id;
    this.ttlMs = made.ttlMs;
    this.adopted = made.adopted;
    this.#site = site;
    this.#park = new Park(site.lookout, made.id);
    this.#claims = new Claims(site, made.id, () => {
      for (const hint of this.#hints) hint();
    });
    this.#rest = site.lookout.answerEvery(made.ttlMs / ANSWERS_PER_TTL);
    this.#round = site.lookout.nextRound();
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  taken(hint: () => void): () => void {
    this.#hints.add(hint);
    return () => this.#hints.delete(hint);
  }

  /** Two questions at once: does the session live, and are its claims what they were? Without both answers it rejects. */
  async renew(signal: AbortSignal): Promise<Renewed> {
    const since = this.#round;
    this.#round = this.#site.lookout.nextRound();
    const [alive, looked] = await Promise.allSettled([
      this.#prove(signal),
      this.#site.lookout.verify(this.#claims.paths(), since, signal),
    ]);
    if (alive.status === 'rejected') throw alive.reason;
    if (looked.status === 'rejected') throw looked.reason;
    // Whoever renews is done with the signal as soon as this is answered: what is tidied has until the next renewal.
    this.#tidying.abort();
    this.#tidying = new AbortController();
    void this.#claims.tidy(this.#tidying.signal);
    return { ttlMs: alive.value, news: this.#claims.news() };
  }

  claim(key: Key, proposal: ClaimRecord, signal: AbortSignal): Promise<Granted | Held> {
    const wasWoken = this.#park.leave(proposal.claimId);
    return this.#heed(this.#claims.claim(key, proposal, { wasWoken }, signal));
  }

  park(held: Held, signal: AbortSignal): Promise<void> {
    return this.#park.wait(this.#site.layout.lock(held.key), held, signal);
  }

  /** Without a request: a query that brings nothing in time fails, and whoever waits is told. A lock-delay ends by itself, and nobody tells. */
  async recheck(helds: readonly Held[], signal: AbortSignal): Promise<(Held | undefined)[]> {
    signal.throwIfAborted();
    return helds.map((held) => (held.delayed ? undefined : held));
  }

  release(key: Key, claimId: string, signal: AbortSignal): Promise<void> {
    this.#park.leave(claimId);
    return this.#claims.release(key, claimId, signal);
  }

  announce(granted: Granted, record: ClaimRecord, signal: AbortSignal): Promise<void> {
    return this.#heed(this.#claims.announce(granted, record, signal));
  }

  save(granted: Granted, checkpoint: string, sequence: number, signal: AbortSignal): Promise<void> {
    return this.#claims.save(granted, checkpoint, sequence, signal);
  }

  /** Keys first: ending a session that holds some keeps them from everybody for the lock-delay. */
  async close(signal: AbortSignal): Promise<void> {
    this.#rest();
    this.#tidying.abort();
    this.#hints.clear();
    await this.#claims.releaseAll(signal);
    await destroy(this.#site, this.id, signal);
  }

  async #prove(signal: AbortSignal): Promise<number> {
    const { status, body } = await this.#site.connection.ask(
      'renewals',
      { name: 'renew', method: 'PUT', path: '/session/renew/{id}', params: { id: this.id } },
      signal,
    );
    // A 404 of something in between (a proxy, a wrong path) does not know our session's id.
    if (status === 404 && String(body).includes(this.id)) {
      throw new SessionGoneError(`consul: ${String(body).trim()}`);
    }
    const [session] = Array.isArray(body) ? (body as { readonly TTL: string }[]) : [];
    if (status !== 200 || !session) {
      throw new StoreUnavailableError(`consul: renew: unexpected answer ${status} ${JSON.stringify(body)}`);
    }
    return durationMs(session.TTL) ?? this.ttlMs;
  }

  /** A claim that hears of the session's end tells the rest of it; a renewal has asked for itself. */
  async #heed<T>(verb: Promise<T>): Promise<T> {
    try {
      return await verb;
    } catch (error) {
      if (error instanceof SessionGoneError) this.#gone.abort(error);
      throw error;
    }
  }
}

/** A session that is gone already is no trouble to Consul. */
export async function destroy(site: Site, id: string, signal: AbortSignal): Promise<void> {
  await site.connection.ask(
    'renewals',
    { name: 'close', method: 'PUT', path: '/session/destroy/{id}', params: { id } },
    signal,
  );
}
