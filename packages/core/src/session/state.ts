import { earliest, later } from '../clock.ts';
import type { Instant } from '../clock.ts';
import type { Timing } from '../timing.ts';

export type SessionCall =
  | { readonly verb: 'open'; readonly requestId: string }
  | { readonly verb: 'renew' }
  | { readonly verb: 'close' };

/** `call` is in flight and given up at `dueAt`; without one, the next is made at `dueAt`. */
export interface Asking {
  readonly call?: SessionCall | undefined;
  readonly dueAt: Instant;
  readonly failures: number;
}

/** Why a deadline passed: by the clock as foreseen, seen far too late, or only because the wall clock leapt. */
type LapseReason = 'expired' | 'stalled' | 'clock-jump';

export interface Live extends Asking {
  readonly phase: 'live';
  readonly sessionId: string;
  /** Undefined until a renewal has told how long an adopted session lives. */
  readonly deadline: Instant | undefined;
  /** The deadline passed before a renewal was answered. Terms of that stretch are over, whatever comes. */
  readonly lapsed: LapseReason | undefined;
  /** Counts the unbroken stretches of this session. A term belongs to one. */
  readonly stretch: number;
  /** A hint came while a renewal was in flight: what that one brings may be older than the hint. */
  readonly again: boolean;
  /** Renewed only when asked for by name, not by its period nor by the store's hints. */
  readonly manual: boolean;
  /** How often in a row the store has certainly not applied a renewal. */
  readonly refusals: number;
}

export type SessionState =
  | { readonly phase: 'idle' }
  | ({ readonly phase: 'opening'; readonly requestId: string; readonly leaving: boolean } & Asking)
  | Live
  | ({ readonly phase: 'closing'; readonly until: Instant } & Asking)
  | { readonly phase: 'closed' };

export type SessionEvent = { readonly at: Instant } & (
  | { readonly type: 'want'; readonly nonce: string }
  | {
      readonly type: 'opened';
      readonly sessionId: string;
      readonly ttlMs: number;
      readonly adopted: boolean;
      readonly sentAt: Instant;
    }
  | { readonly type: 'renewed'; readonly ttlMs: number; readonly sentAt: Instant }
  /** The store said so: definite. */
  | { readonly type: 'gone'; readonly nonce: string }
  /** Unknown: the verb may have been applied. `notApplied`: it certainly was not. */
  | { readonly type: 'failed'; readonly jitter: number; readonly notApplied: boolean }
  /** There may be news (a store's hint), or somebody wants a later deadline: renew at once. */
  | { readonly type: 'hint'; readonly byStore: boolean }
  /** From now on, renew only when asked to. */
  | { readonly type: 'manual' }
  /** Someone has read the clock and found the deadline past. */
  | { readonly type: 'lapsed' }
  | { readonly type: 'alarm'; readonly jitter: number }
  | { readonly type: 'close' | 'closed' }
);

export const initialSession: SessionState = { phase: 'idle' };

export const sessionCall = (state: SessionState): SessionCall | undefined =>
  'call' in state ? state.call : undefined;

export function sessionAlarm(state: SessionState, at: Instant, timing: Timing): Instant | undefined {
  if (state.phase === 'idle' || state.phase === 'closed') return undefined;
  if (state.phase !== 'live') return state.dueAt;
  // The pulse keeps the wall half of the deadline near (see `rebase`) and notices a suspend soon.
  const dueAt = state.manual && !state.call ? undefined : state.dueAt;
  return earliest(dueAt, later(at, timing.pulseMs), state.lapsed ? undefined : state.deadline);
}

/** Secure: the last renewal was answered. Otherwise no new work should start. */
export const inJeopardy = (state: SessionState): boolean =>
  state.phase === 'live' && (state.failures > 0 || state.lapsed !== undefined);
