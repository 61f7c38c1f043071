import type { Instant } from '../clock.ts';
import { SessionGoneError } from '../errors.ts';
import type { ClaimNews, Holder, Key, SessionRequest } from '../store.ts';

/** One claim: a place in the queue of its key. The first in the queue holds the key. */
export interface Claim {
  readonly key: Key;
  readonly claimId: string;
  readonly session: Session;
  readonly token: bigint;
  value: string;
  /** What observers see was written when the claim already held the key. */
  announced: boolean;
  /** Its session was told that it holds the key. */
  granted: boolean;
  /** An operator asked for the key. */
  asked: boolean;
  parked: Set<() => void> | undefined;
}

/** What the space knows of a session; handles in any number of stores refer to it. */
export interface Session {
  readonly id: string;
  readonly request: SessionRequest;
  expiresAt: Instant;
  ended: boolean;
  readonly claims: Set<Claim>;
  /** Claims that were taken away, by claim id, until they are released. */
  readonly lost: Map<string, { readonly claim: Claim; readonly what: ClaimNews['what'] }>;
  readonly gone: AbortController;
  readonly hints: Set<() => void>;
  cancelAlarm: () => void;
  /** The stores it was opened by, each with the sessions it has to end when it closes. */
  readonly owners: Set<Set<Session>>;
}

export interface Checkpoint {
  readonly value: string;
  readonly token: bigint;
  readonly sequence: number;
}

export const holderOf = ({ key, token, value }: Claim): Holder => ({ key: key.name, token, value });

export const goneError = ({ id }: Session): SessionGoneError => new SessionGoneError(`session ${id} is over`);

/** Not at once: whoever hears it may ask, and must not do so in the middle of somebody else's verb. */
export function hintAt(session: Session): void {
  for (const hint of session.hints) queueMicrotask(hint);
}

export function wake(claim: Claim): void {
  for (const resolve of claim.parked ?? []) resolve();
  claim.parked = undefined;
}
