import { isPast, systemClock } from '../clock.ts';
import type { Clock, Instant } from '../clock.ts';
import { ClaimLostError } from '../errors.ts';
import { nameOf } from '../key-name.ts';
import { decodeRecord, encodeRecord } from '../record.ts';
import type { ClaimRecord } from '../record.ts';
import type { ClaimNews, Holder, Key, SessionRequest } from '../store.ts';
import { goneError, hintAt, holderOf, wake } from './claim.ts';
import type { Checkpoint, Claim, Session } from './claim.ts';

/**
 * What every memory store that was given this space shares, as processes share a server. A private one is made
 * for a memory store that was given none. Sessions expire by its clock's monotonic half.
 */
export class MemorySpace {
  readonly #clock: Clock;
  readonly #sessions = new Map<string, Session>();
  readonly #queues = new Map<string, Claim[]>();
  readonly #checkpoints = new Map<string, Checkpoint>();
  readonly #watchers = new Map<string, Set<() => void>>();
  /** One counter for all keys, so that a key's tokens rise although nothing of a free key is kept. */
  #lastToken = 0n;
  #opened = 0;

  constructor(options: { readonly clock?: Clock } = {}) {
    this.#clock = options.clock ?? systemClock;
  }

  /** For tests: what an operator does who deletes a key with the store's own tool. Its checkpoint stays. */
  deleteKey(key: Key): void {
    const queue = [...this.#queue(key)];
    this.#queues.delete(nameOf(key));
    for (const claim of queue) this.#take(claim, 'deleted');
    this.#changed(key);
  }

  /** For tests: the ids of the sessions that live. */
  sessions(): string[] {
    return [...this.#sessions.values()].filter((session) => this.#lives(session)).map(({ id }) => id);
  }

  /** For tests: the names of the keys of a namespace that are held or waited for. */
  keys(namespace: string): string[] {
    return [...this.#queues.values()].flatMap(([first]) =>
      first?.key.namespace === namespace ? [first.key.name] : [],
    );
  }

  /** @internal */
  open(
    request: SessionRequest,
    owner: Set<Session>,
  ): { readonly session: Session; readonly adopted: boolean } {
    const made = this.#sessions.get(request.id);
    const adopted = made !== undefined && this.#lives(made);
    const session = adopted ? made : this.#make(request);
    session.owners.add(owner);
    owner.add(session);
    return { session, adopted };
  }

  #make(request: SessionRequest): Session {
    this.#opened += 1;
    const session: Session = {
      // Not the request's id alone: one that expired may be asked for again, and is another session then.
      id: `${request.id}.${this.#opened}`,
      request,
      expiresAt: this.#expiry(request.ttlMs),
      ended: false,
      claims: new Set(),
      lost: new Map(),
      gone: new AbortController(),
      hints: new Set(),
      cancelAlarm: () => {},
      owners: new Set(),
    };
    this.#sessions.set(request.id, session);
    this.#watchExpiry(session);
    return session;
  }

  /** @internal */
  renew(session: Session): ClaimNews[] {
    this.#demand(session);
    session.expiresAt = this.#expiry(session.request.ttlMs);
    const asked = [...session.claims].filter((claim) => claim.asked);
    return [
      ...asked.map(({ claimId }) => ({ claimId, what: 'evicted' as const })),
      ...[...session.lost].map(([claimId, { what }]) => ({ claimId, what })),
    ];
  }

  /** @internal The claim itself, at its place in the queue; `first` tells who holds the key. */
  claim(session: Session, key: Key, claimId: string, value: string): Claim {
    this.#demand(session);
    const lost = session.lost.get(claimId);
    if (lost?.claim.granted) {
      throw new ClaimLostError(`claim ${claimId} of ${key.name} held the key and was taken: ${lost.what}`);
    }
    session.lost.delete(claimId);
    const queue = this.#queue(key);
    let claim = queue.find((other) => other.session === session && other.claimId === claimId);
    if (!claim) {
      this.#lastToken += 1n;
      claim = {
        key,
        claimId,
        session,
        token: this.#lastToken,
        value,
        announced: queue.length === 0,
        granted: false,
        asked: false,
        parked: undefined,
      };
      const isFirst = queue.length === 0;
      // Most queues are of one, and take no more room than that.
      if (isFirst) this.#queues.set(nameOf(key), [claim]);
      else queue.push(claim);
      session.claims.add(claim);
      if (isFirst) this.#changed(key);
    }
    if (this.first(key) === claim) claim.granted = true;
    return claim;
  }

  /** @internal */
  find(session: Session, key: Key, claimId: string): Claim | undefined {
    return this.#queue(key).find((claim) => claim.session === session && claim.claimId === claimId);
  }

  /** @internal Who holds the key. */
  first(key: Key): Claim | undefined {
    return this.#queue(key)[0];
  }

  /** @internal */
  release(session: Session, key: Key, claimId: string): void {
    const claim = this.find(session, key, claimId);
    if (claim) this.#leave(claim);
    else if (session.lost.get(claimId)?.claim.key.name === key.name) session.lost.delete(claimId);
  }

  /** @internal */
  announce(session: Session, key: Key, record: ClaimRecord, token: bigint): void {
    const claim = this.#holding(session, key, record.claimId, token);
    claim.value = encodeRecord(claim.asked ? { ...record, evict: true } : record);
    claim.announced = true;
    this.#changed(key);
  }

  /** @internal */
  save(session: Session, key: Key, claimId: string, saved: Checkpoint): void {
    this.#holding(session, key, claimId, saved.token);
    const last = this.#checkpoints.get(nameOf(key));
    if (last && last.token === saved.token && last.sequence >= saved.sequence) return;
    this.#checkpoints.set(nameOf(key), saved);
  }

  /** @internal */
  checkpoint(key: Key): string | undefined {
    return this.#checkpoints.get(nameOf(key))?.value;
  }

  /** @internal */
  evict(key: Key, token: bigint, force: boolean): boolean {
    const claim = this.first(key);
    if (claim?.token !== token) return false;
    if (force) {
      this.#leave(claim);
      this.#take(claim, 'forced');
      return true;
    }
    if (claim.asked) return true;
    claim.asked = true;
    const record = decodeRecord(claim.value);
    if (record) claim.value = encodeRecord({ ...record, evict: true });
    this.#changed(key);
    hintAt(claim.session);
    return true;
  }

  /** @internal */
  endSession(key: Key, token: bigint): boolean {
    const claim = this.first(key);
    if (claim?.token !== token) return false;
    this.end(claim.session);
    this.#tellGone(claim.session);
    return true;
  }

  /** @internal */
  list(prefix: Key): Holder[] {
    return this.keys(prefix.namespace).flatMap((name) => {
      const first = name.startsWith(prefix.name) && this.first({ namespace: prefix.namespace, name });
      return first ? [holderOf(first)] : [];
    });
  }

  /** @internal Calls `changed` whenever what observers of the key see may have changed. */
  watch(key: Key, changed: () => void): () => void {
    const watchers = this.#watchers.get(nameOf(key)) ?? new Set();
    this.#watchers.set(nameOf(key), watchers.add(changed));
    return () => {
      watchers.delete(changed);
      if (watchers.size === 0 && this.#watchers.get(nameOf(key)) === watchers)
        this.#watchers.delete(nameOf(key));
    };
  }

  /** @internal */
  end(session: Session): void {
    if (session.ended) return;
    session.ended = true;
    session.cancelAlarm();
    if (this.#sessions.get(session.request.id) === session) this.#sessions.delete(session.request.id);
    for (const claim of session.claims) this.#leave(claim);
    session.lost.clear();
    session.hints.clear();
    for (const sessions of session.owners) sessions.delete(session);
  }

  #expiry(ttlMs: number): Instant {
    // Never by the wall clock: setting it forward must not end a session earlier than its owner thinks.
    return { monoMs: this.#clock.now().monoMs + ttlMs, wallMs: Number.POSITIVE_INFINITY };
  }

  #watchExpiry(session: Session): void {
    session.cancelAlarm = this.#clock.alarm(session.expiresAt, () => {
      if (this.#lives(session)) this.#watchExpiry(session);
    });
  }

  /** An alarm may be late, so every verb judges for itself. */
  #lives(session: Session): boolean {
    if (!session.ended && isPast(session.expiresAt, this.#clock.now())) {
      this.end(session);
      this.#tellGone(session);
    }
    return !session.ended;
  }

  #tellGone(session: Session): void {
    queueMicrotask(() => session.gone.abort(goneError(session)));
  }

  #demand(session: Session): void {
    if (!this.#lives(session)) throw goneError(session);
  }

  #holding(session: Session, key: Key, claimId: string, token: bigint): Claim {
    this.#demand(session);
    const first = this.first(key);
    if (first?.session === session && first.claimId === claimId && first.token === token) return first;
    throw new ClaimLostError(`claim ${claimId} does not hold ${key.name}`);
  }

  #queue(key: Key): Claim[] {
    for (;;) {
      const queue = this.#queues.get(nameOf(key)) ?? [];
      // Ending a session takes its claims out of the queue. One that waits further back harms nobody.
      if (!queue[0] || this.#lives(queue[0].session)) return queue;
    }
  }

  #leave(claim: Claim): void {
    claim.session.claims.delete(claim);
    const name = nameOf(claim.key);
    const queue = this.#queues.get(name) ?? [];
    const place = queue.indexOf(claim);
    if (place !== -1) queue.splice(place, 1);
    if (queue.length === 0) this.#queues.delete(name);
    wake(claim);
    if (place !== 0) return;
    if (queue[0]) wake(queue[0]);
    this.#changed(claim.key);
  }

  /** The claim was taken from a session that lives on. */
  #take(claim: Claim, what: ClaimNews['what']): void {
    claim.session.claims.delete(claim);
    claim.session.lost.set(claim.claimId, { claim, what });
    wake(claim);
    hintAt(claim.session);
  }

  #changed(key: Key): void {
    for (const changed of this.#watchers.get(nameOf(key)) ?? []) changed();
  }
}
