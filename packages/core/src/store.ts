/**
 * What a coordination service must offer to host locks and elections.
 *
 * A store answers questions; the core owns time and decides. A store never waits on its own initiative,
 * never retries (but what certainly was not applied), never backs off, times out or decides who leads.
 *
 * A verb ends in one of four ways, and a store must tell them apart:
 * - it resolves: the store's answer;
 * - a definite refusal: `SessionGoneError`, `ClaimLostError`, `AccessDeniedError`, `InvalidArgumentError`,
 *   `ValueTooLargeError`. The store said so itself;
 * - `NotAppliedError`: it is certain that nothing happened;
 * - anything else, best as a `StoreUnavailableError`: unknown. It may have been applied, now or later.
 *
 * Every verb but `park` and `watch` gets a signal that the core aborts when it has waited long enough; the
 * promise must then settle at once, whatever the connection does. The core does not abort what has been answered.
 */
import type { ClaimRecord } from './record.ts';

export {
  AccessDeniedError,
  ClaimLostError,
  ClosedError,
  InvalidArgumentError,
  NotAppliedError,
  SessionGoneError,
  StoreUnavailableError,
  TenureError,
  ValueTooLargeError,
} from './errors.ts';
export { isPast, later, remainingMs, rfc3339, systemClock } from './clock.ts';
export type { Clock, Instant } from './clock.ts';
export { decodeRecord, encodeRecord } from './record.ts';
export type { ClaimRecord, Json } from './record.ts';
export { checkMs, refuseUnknown } from './options.ts';
export { abortable, bounded, pause } from './runtime/patience.ts';
export { deriveTiming } from './timing.ts';
export type { Timing, TimingOptions } from './timing.ts';
export { storeModule } from './open-store.ts';
export type { StoreModule } from './open-store.ts';
export { redactUrl, withoutCredentials } from './redact-url.ts';
export type { UrlHost, UrlParts } from './redact-url.ts';
export { addressOf, checkDelimiters, inNamespace, namespaceOf, parseStoreUrl } from './store-url.ts';
export type { StoreUrl } from './store-url.ts';
export { UrlParams } from './url-params.ts';
export { Batches } from './asking/batches.ts';
export type { BatchItem, BatchesOptions } from './asking/batches.ts';
export { Holdings } from './asking/holdings.ts';
export type { Holding } from './asking/holdings.ts';
export { Parking } from './asking/parking.ts';
export type { Ticket } from './asking/parking.ts';
export { watching } from './asking/watching.ts';
export type { Sight, WatchingOptions } from './asking/watching.ts';

/** The name of a lock or election. Any text; no two keys may collide in the store, and none may lie inside another. */
export interface Key {
  readonly namespace: string;
  readonly name: string;
}

export interface Traits {
  /** Shortest and longest session TTL the store grants, in milliseconds. */
  readonly minTtlMs: number;
  readonly maxTtlMs: number;
  /** Largest record and largest checkpoint, in bytes of UTF-8. */
  readonly maxValueBytes: number;
  /** `push`: `park` is woken by the store. `poll`: it looks again now and then. */
  readonly wakes: 'push' | 'poll';
  /** Waiters win in the order in which they came. */
  readonly fair: boolean;
  /** What expires sessions: elapsed time, or the store's time of day, which can be set. */
  readonly clock: 'monotonic' | 'wall';
  /** What the store can lose, and when, in a sentence for people. */
  readonly keepsWord: string;
}

export interface SessionRequest {
  /** 16 hex digits, the same when an unanswered `open` is repeated. */
  readonly id: string;
  readonly ttlMs: number;
  /** Shown to people who look into the store. */
  readonly name: string;
  /** Of the keys that it will claim, so that a store can put both side by side. */
  readonly namespace: string;
}

/** Who holds a key, as the store tells it. */
export interface Holder {
  /** `Key.name`. */
  readonly key: string;
  readonly token: bigint;
  /** As written, whoever wrote it; `decodeRecord` reads ours. */
  readonly value: string;
}

/** The claim holds the key. */
export interface Granted {
  readonly outcome: 'granted';
  readonly key: Key;
  readonly claimId: string;
  /** Greater than every token granted before for this key, for ever. The same again for the same claim id. */
  readonly token: bigint;
  /** What the last term that saved something left, as of this grant. */
  readonly checkpoint: string | undefined;
  /** False when what observers see was written while we still waited: its `acquiredAt` is then too early, and the core announces anew. */
  readonly announced: boolean;
}

/** Somebody else does. */
export interface Held {
  readonly outcome: 'held';
  readonly key: Key;
  readonly claimId: string;
  readonly holder: Holder | undefined;
  /** The session's own note on where to park. */
  readonly cursor?: unknown;
  /** Asking again may pay off after so long at the latest (holder's remaining TTL, lock-delay), where the store knows. */
  readonly retryInMs?: number;
  /** Nobody holds it, yet the store does not give it out. */
  readonly delayed?: 'lock-delay';
}

/**
 * A claim of this session that is no longer ours, or whose holder is asked to let go. `evicted`: it is asked, and the
 * key is still ours. `forced`: an operator took the key; somebody else may hold it already, as with the other two.
 */
export interface ClaimNews {
  readonly claimId: string;
  readonly what: 'deleted' | 'superseded' | 'evicted' | 'forced';
}

export interface Renewed {
  /** As granted with this renewal. */
  readonly ttlMs: number;
  /**
   * Everything that is known to be wrong with this session's claims; told again with every renewal until the
   * claim is released. A renewal that could not look (a silent watch) must reject instead of resolving.
   */
  readonly news: readonly ClaimNews[];
}

export interface StoreSession {
  /** Never reused for another session. */
  readonly id: string;
  /** As granted, in milliseconds; may be longer than asked for. */
  readonly ttlMs: number;
  /** True when an earlier, unanswered `open` had made it: it may be half spent, so only a renewal says how long it lives. */
  readonly adopted: boolean;
  /** Prove that we are alive, and learn what became of our claims. Rejects `SessionGoneError` when the store says so. */
  renew(signal: AbortSignal): Promise<Renewed>;
  /**
   * Ask once, never wait. The same claim id gets the same answer, as long as it holds the key; another claim
   * id is another contender, of the same session too. Rejects `ClaimLostError` for a claim that was granted and taken away since.
   */
  claim(key: Key, proposal: ClaimRecord, signal: AbortSignal): Promise<Granted | Held>;
  /** Resolves when asking again may pay off. Rejects with the signal's reason on abort, and leaves nothing behind. */
  park(held: Held, signal: AbortSignal): Promise<void>;
  /**
   * Where a store can tell of many waits in fewer requests than one each: for each of these, in their order, undefined
   * when asking again may pay off now, or else what to wait on with, as `claim` would answer it. All of them are parked.
   */
  recheck?(helds: readonly Held[], signal: AbortSignal): Promise<readonly (Held | undefined)[]>;
  /** Give up that hold or place in the queue, and no other. Resolves as well when there is nothing to give up. */
  release(key: Key, claimId: string, signal: AbortSignal): Promise<void>;
  /** Change what observers see. Rejects `ClaimLostError` unless that claim holds the key. */
  announce(granted: Granted, record: ClaimRecord, signal: AbortSignal): Promise<void>;
  /** Leave a checkpoint. Rejects `ClaimLostError` unless that claim holds the key. `sequence` rises within a term; a repeat of one is harmless. */
  save(granted: Granted, checkpoint: string, sequence: number, signal: AbortSignal): Promise<void>;
  /** End the session and with it every claim. Resolves as well when it was over already. */
  close(signal: AbortSignal): Promise<void>;
  /** Aborts when the store told us, unasked, that the session is dead. */
  readonly gone: AbortSignal;
  /** Call `hint` when there may be news of a claim; the core then renews at once to hear it. */
  taken(hint: () => void): () => void;
}

/** One thing that an operator should know, in a sentence. `bad`: elections do not work, or not safely. */
export interface Finding {
  readonly level: 'good' | 'warning' | 'bad';
  readonly text: string;
}

/** What a server says of itself. */
export interface Checkup {
  /** Product and version, as `PostgreSQL 15.18`. */
  readonly product: string;
  /** The server's time of day in milliseconds since 1970, where it tells: read once, between sending and answer. */
  readonly serverTimeMs?: number;
  /** Settings that decide what this store can lose, permissions that are missing, versions that are too old. */
  readonly findings: readonly Finding[];
}

export interface Store {
  readonly name: string;
  readonly traits: Traits;
  /** What a tenure takes for its namespace when it is given none: a store that was made from a URL may name one. */
  readonly namespace?: string;
  /** Make a session. Repeated with the same id when unanswered. */
  open(request: SessionRequest, signal: AbortSignal): Promise<StoreSession>;
  holder(key: Key, signal: AbortSignal): Promise<Holder | undefined>;
  /**
   * The current state first, then every change: tokens never go back, the last state always arrives, also with equal
   * metadata. A free key that is told once more says that a term has come and gone in between. Throws when it can't go
   * on; the core asks anew.
   */
  watch(key: Key, signal: AbortSignal): AsyncIterable<Holder | undefined>;
  /** Everything held in the namespace whose name starts with `prefix.name`. */
  list(prefix: Key, signal: AbortSignal): Promise<readonly Holder[]>;
  /**
   * Ask the holder with that token to let go; with `force`, take the key from it at once.
   * False when that holder is not there (any more). Never ends its session.
   */
  evict(key: Key, token: bigint, options: { readonly force: boolean }, signal: AbortSignal): Promise<boolean>;
  /**
   * End the session of the holder with that token, and with it everything it holds: for an owner that has crashed and
   * is back. False when that holder is not there (any more), or has no session.
   */
  endSession(key: Key, token: bigint, signal: AbortSignal): Promise<boolean>;
  /** Look at the server with an operator's eyes, changing nothing. For `tenure doctor`. */
  checkup?(signal: AbortSignal): Promise<Checkup>;
  /** Free connections. Sessions are closed by then. */
  close(): Promise<void>;
}
