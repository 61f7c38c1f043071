import { ClaimLostError, encodeRecord, Holdings, SessionGoneError } from '@tenure/core/store';
import type { ClaimRecord, Granted, Held, Key, Ticket } from '@tenure/core/store';
import { write } from './freeing.ts';
import type { Claim, Standing } from './lock-statements.ts';
import { Races } from './races.ts';
import { Requests } from './requests.ts';
import { fateOf, holderOf, look } from './sight.ts';
import type { LockRow } from './sight.ts';
import { checkKey, checkSize } from './site.ts';
import type { Site } from './site.ts';
import { takeFromDead } from './taking.ts';
import type { Attempt, Taken } from './taking.ts';

/** A claim that finds the key moved looks again, but not for ever. */
const ATTEMPTS = 5;

/** How long somebody may be about to take a key, until it is asked who that was. */
const TAKING_MS = 50;

const NOTHING: Attempt = {};

/** The claims of one session: those on their way, and those that were granted. */
export class Claims {
  readonly holdings: Holdings = new Holdings();
  readonly #site: Site;
  readonly #sessionId: string;
  readonly #requests: Requests;
  /** Those that `holdings` knows. */
  readonly #granted = new Set<string>();
  /** Where those that were held off wait. */
  readonly #tickets = new Map<string, Ticket>();
  readonly #races = new Races();
  readonly #settling = new Map<string, Promise<unknown>>();
  /** Releases without an answer: they may have freed the key and told nobody. */
  readonly #unanswered = new Set<string>();

  constructor(site: Site, sessionId: string) {
    this.#site = site;
    this.#sessionId = sessionId;
    this.#requests = new Requests(site);
  }

  async claim(key: Key, proposal: ClaimRecord, signal: AbortSignal): Promise<Granted | Held> {
    const value = encodeRecord(proposal);
    checkSize('the record', value);
    checkKey(key);
    const { claimId } = proposal;
    const waited = this.#tickets.has(claimId);
    const isRace = waited && this.#races.isOne(key);
    const claim = { key, claimId, sessionId: this.#sessionId, value, isRace };
    // Before anything is asked, so that no wake-up falls between the answer and the park.
    const ticket = this.#ticket(key, claimId);
    const settling = this.#settle(claim, ticket, signal);
    this.#settling.set(claimId, settling);
    try {
      const outcome = await settling;
      if (outcome.outcome === 'granted') {
        this.#races.won(key, claimId);
        this.#leave(claimId, ticket);
      } else if (waited) this.#races.lost(key, claimId);
      return outcome;
    } catch (error) {
      this.#leave(claimId, ticket);
      throw error;
    } finally {
      if (this.#settling.get(claimId) === settling) this.#settling.delete(claimId);
    }
  }

  /** Whoever still waits with an earlier one of that claim is woken: nobody else would do it. */
  #ticket(key: Key, claimId: string): Ticket {
    this.#tickets.get(claimId)?.wake();
    const ticket = this.#site.newsroom.parking.ticket(key, claimId);
    this.#tickets.set(claimId, ticket);
    return ticket;
  }

  #leave(claimId: string, ticket = this.#tickets.get(claimId)): void {
    ticket?.wake();
    ticket?.leave();
    if (this.#tickets.get(claimId) === ticket) this.#tickets.delete(claimId);
    this.#races.forget(claimId);
  }

  /** How long a claim that was woken lets others go first. */
  headStartMs({ key, claimId }: Held): number {
    return this.#site.database.listen ? this.#races.headStartMs(key, claimId) : 0;
  }

  async #settle(claim: Claim, ticket: Ticket, signal: AbortSignal): Promise<Granted | Held> {
    const { key, claimId } = claim;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      // One that was granted before is never granted anew: it holds the key, or has lost it.
      const wasGranted = this.#granted.has(claimId);
      if (claim.isRace) await this.#site.newsroom.listening(signal);
      const { taken: unseen, sight } = wasGranted ? NOTHING : await this.#requests.take(claim, signal);
      if (unseen) return this.#grant(claim, unseen);
      await this.#site.newsroom.listening(signal);
      const { lock, ownRemainingMs } = sight ?? (await look(this.#site, key, claim, signal));
      if (ownRemainingMs === 0) throw goneError(this.#sessionId);
      if (lock?.sessionId === this.#sessionId && lock.claimId === claimId) return this.#grant(claim, lock);
      if (wasGranted) this.#refuseLost(claim, lock);
      if (lock?.sessionId !== undefined && lock.remainingMs > 0) {
        const holder = holderOf(key, lock);
        return { outcome: 'held', key, claimId, holder, cursor: ticket, retryInMs: lock.remainingMs };
      }
      if (sight?.lock && lock?.sessionId === undefined)
        return { outcome: 'held', key, claimId, holder: undefined, cursor: ticket, retryInMs: TAKING_MS };
      if (!lock || lock.sessionId === undefined) continue;
      const dead = { sessionId: lock.sessionId, token: lock.token };
      const taken = await takeFromDead(this.#site, claim, dead, signal);
      if (taken) return this.#grant(claim, taken);
    }
    // Somebody had it each time. Who has it now nobody knows; there is no use in sleeping over that.
    ticket.wake();
    return { outcome: 'held', key, claimId, holder: undefined, cursor: ticket, retryInMs: 1 };
  }

  #grant({ key, claimId }: Claim, { token, checkpoint }: Taken): Granted {
    if (!this.#granted.has(claimId)) {
      this.#granted.add(claimId);
      this.holdings.granted({ key, claimId, token });
      this.#site.heralds.taken(key);
    }
    return { outcome: 'granted', key, claimId, token, checkpoint, announced: true };
  }

  async release(key: Key, claimId: string, signal: AbortSignal): Promise<void> {
    this.#leave(claimId);
    // A claim takes several statements, and none of them may come after its release. It has been given up, so it ends
    // soon; but what it was sent with may go on for others.
    await settled(this.#settling.get(claimId), signal);
    await settled(this.#requests.underWay(claimId), signal);
    this.#site.heralds.givenBack(key);
    const mayHaveBeen = this.#unanswered.has(claimId);
    this.#unanswered.add(claimId);
    const was = await this.#requests.free({ key, claimId, sessionId: this.#sessionId }, signal);
    this.#unanswered.delete(claimId);
    this.#granted.delete(claimId);
    this.holdings.released(claimId);
    if (!was && mayHaveBeen) await this.#site.newsroom.tell([{ what: 'changed', key }], signal);
  }

  async announce({ key, claimId, token }: Granted, record: ClaimRecord, signal: AbortSignal): Promise<void> {
    const value = encodeRecord({ ...record, claimId });
    checkSize('the record', value);
    const standing = { key, claimId, token, sessionId: this.#sessionId };
    const asked = encodeRecord({ ...record, claimId, evict: true });
    const statement = this.#site.sql.locks.announce(standing, value, asked);
    const news = { what: 'changed', key, taken: true } as const;
    if (!(await write(this.#site, statement, news, signal))) await this.#demand(standing, signal);
  }

  async save(
    { key, claimId, token }: Granted,
    text: string,
    sequence: number,
    signal: AbortSignal,
  ): Promise<void> {
    checkSize('the checkpoint', text);
    const standing = { key, claimId, token, sessionId: this.#sessionId };
    const { changed } = await this.#site.run(this.#site.sql.locks.save(standing, text, sequence), signal);
    // A repeat, or one that was overtaken, changes nothing either.
    if (changed === 0) await this.#demand(standing, signal);
  }

  /** @throws ClaimLostError if it had been granted */
  #refuseLost({ key, claimId }: Pick<Claim, 'key' | 'claimId'>, lock: LockRow | undefined): void {
    this.holdings.judge(claimId, fateOf(lock, claimId));
    this.holdings.refuseLost(key, claimId);
  }

  /** @throws SessionGoneError, ClaimLostError */
  async #demand({ key, claimId, token, sessionId }: Standing, signal: AbortSignal): Promise<void> {
    const { lock, ownRemainingMs } = await look(this.#site, key, { sessionId, claimId }, signal);
    if (ownRemainingMs === 0) throw goneError(sessionId);
    if (lock?.sessionId === sessionId && lock.claimId === claimId && lock.token === token) return;
    this.#refuseLost({ key, claimId }, lock);
    throw new ClaimLostError(`claim ${claimId} does not hold "${key.name}"`);
  }
}

export const goneError = (sessionId: string): SessionGoneError =>
  new SessionGoneError(`session ${sessionId} is over`);

/** @throws the signal's reason when that aborts first */
async function settled(promise: Promise<unknown> | undefined, signal: AbortSignal): Promise<void> {
  if (!promise) return;
  let abort!: () => void;
  const aborted = new Promise<void>((resolve) => (abort = resolve));
  signal.addEventListener('abort', abort, { once: true });
  await Promise.race([promise.catch(() => {}), aborted]);
  signal.removeEventListener('abort', abort);
  signal.throwIfAborted();
}
