import { ValueTooLargeError } from '../errors.ts';
import { encodeRecord } from '../record.ts';
import type { ClaimRecord } from '../record.ts';
import type { Granted, Held, Key, Renewed, StoreSession } from '../store.ts';
import { holderOf } from './claim.ts';
import type { Session } from './claim.ts';
import type { MemorySpace } from './space.ts';

/** A store's handle on a session of the space. Repeating an unanswered `open` makes a second handle on the same one. */
export class MemorySession implements StoreSession {
  readonly adopted: boolean;
  readonly #space: MemorySpace;
  readonly #session: Session;
  readonly #maxValueBytes: number;

  constructor(space: MemorySpace, opened: ReturnType<MemorySpace['open']>, maxValueBytes: number) {
    this.#space = space;
    this.#session = opened.session;
    this.adopted = opened.adopted;
    this.#maxValueBytes = maxValueBytes;
  }

  get id(): string {
    return this.#session.id;
  }

  get ttlMs(): number {
    return this.#session.request.ttlMs;
  }

  get gone(): AbortSignal {
    return this.#session.gone.signal;
  }

  async renew(signal: AbortSignal): Promise<Renewed> {
    signal.throwIfAborted();
    const news = this.#space.renew(this.#session);
    return { ttlMs: this.ttlMs, news };
  }

  async claim(key: Key, proposal: ClaimRecord, signal: AbortSignal): Promise<Granted | Held> {
    signal.throwIfAborted();
    const claim = this.#space.claim(this.#session, key, proposal.claimId, this.#encoded(proposal));
    const { claimId, token, announced } = claim;
    const holder = this.#space.first(key);
    if (holder !== claim) return { outcome: 'held', key, claimId, holder: holder && holderOf(holder) };
    return { outcome: 'granted', key, claimId, token, announced, checkpoint: this.#space.checkpoint(key) };
  }

  async park({ key, claimId }: Held, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const claim = this.#space.find(this.#session, key, claimId);
    // Not in the queue any more: asking again tells why.
    if (!claim || this.#space.first(key) === claim) return;
    const { promise, resolve, reject } = withResolvers();
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    const parked = (claim.parked ??= new Set());
    parked.add(resolve);
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', abort);
      parked.delete(resolve);
    }
  }

  async recheck(helds: readonly Held[], signal: AbortSignal): Promise<(Held | undefined)[]> {
    signal.throwIfAborted();
    return helds.map((held) => {
      const isThere = this.#space.find(this.#session, held.key, held.claimId) !== undefined;
      return isThere && this.#space.first(held.key)?.token === held.holder?.token ? held : undefined;
    });
  }

  async release(key: Key, claimId: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#space.release(this.#session, key, claimId);
  }

  async announce(granted: Granted, record: ClaimRecord, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#encoded(record);
    this.#space.announce(this.#session, granted.key, { ...record, claimId: granted.claimId }, granted.token);
  }

  async save(granted: Granted, value: string, sequence: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#measure('the checkpoint', value);
    this.#space.save(this.#session, granted.key, granted.claimId, { value, token: granted.token, sequence });
  }

  async close(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#space.end(this.#session);
  }

  taken(hint: () => void): () => void {
    // A function of its own, so that a listener that is given twice is two.
    const call = (): void => hint();
    this.#session.hints.add(call);
    return () => void this.#session.hints.delete(call);
  }

  #encoded(record: ClaimRecord): string {
    const value = encodeRecord(record);
    this.#measure('the record', value);
    return value;
  }

  #measure(what: string, value: string): void {
    const bytes = Buffer.byteLength(value);
    if (bytes > this.#maxValueBytes) throw new ValueTooLargeError(what, bytes, this.#maxValueBytes);
  }
}

function withResolvers(): { promise: Promise<void>; resolve: () => void; reject: (reason: unknown) => void } {
  let resolve!: () => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
