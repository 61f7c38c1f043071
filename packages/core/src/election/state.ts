import type { Instant } from '../clock.ts';
import type { EndReason, Ending } from '../ending.ts';
import type { ClaimNews, Granted, Held } from '../store.ts';

export type ElectionCall =
  | { readonly verb: 'claim' | 'release'; readonly claimId: string }
  | { readonly verb: 'park'; readonly held: Held }
  /** Wait until a term with a greater token has begun. */
  | { readonly verb: 'lookout'; readonly token: bigint };

export interface Common {
  /** The session lives, as far as anyone can know. */
  readonly usable: boolean;
  /** Terms run a piece of work: a term that is asked to end does so when that has settled (S9). */
  readonly guarded: boolean;
  /** The work of a term that was lost goes on: no other one may begin beside it (S9). */
  readonly outlived?: true | undefined;
  /** How the last term ended. */
  readonly last?: Ending | undefined;
}

interface Asking {
  readonly call?: ElectionCall | undefined;
  /** Of a call: when it is given up. Undefined as long as it waits to be sent. Without a call: when the next is made. */
  readonly dueAt: Instant | undefined;
  readonly failures: number;
}

export type Next = 'idle' | 'claim' | 'stand-back';

/** The term was asked to end and waits for its work, until `until` at most. */
export interface Winding {
  readonly kind: 'released' | 'lost';
  readonly reason: EndReason;
  readonly next: Next;
  readonly until?: Instant | undefined;
}

interface Following extends Common, Asking {
  readonly phase: 'following';
  readonly claimId: string;
  readonly held: Held;
  /** The store is asked whether waiting is still right, for everybody who waits at once. */
  readonly checking?: true | undefined;
}

export interface Leading extends Common {
  readonly phase: 'leading';
  readonly claimId: string;
  readonly granted: Granted;
  readonly winding?: Winding | undefined;
  /** The work that the term guards has settled already; what `waitUntil` waits for has not. */
  readonly worked?: true;
  /** So many pieces of work hold the key by `waitUntil`. */
  readonly holds?: number;
}

/** A term that is asked to end waits for what it guards and for what holds it (S9). */
export const isBusy = ({ guarded, worked, holds = 0 }: Leading): boolean => (guarded && !worked) || holds > 0;

export type ElectionState =
  | (Common & { readonly phase: 'idle' })
  /** Waits for the session. A claim id is kept only while the session that made it may come back. */
  | (Common & { readonly phase: 'joining'; readonly claimId?: string | undefined })
  | (Common &
      Asking & { readonly phase: 'claiming'; readonly claimId: string; readonly held?: Held | undefined })
  | Following
  | Leading
  | (Common &
      Asking & {
        readonly phase: 'releasing';
        readonly claimId: string;
        readonly token?: bigint | undefined;
        readonly next: Next;
      })
  | (Common & Asking & { readonly phase: 'standing-back' });

export type ElectionEvent = { readonly at: Instant; readonly jitter: number; readonly nonce: string } & (
  | { readonly type: 'start' | 'resign' | 'usable' | 'woke' | 'released' | 'succeeded' | 'settled' | 'alarm' }
  /** A piece of work wants the key held until it has settled; and it has. */
  | { readonly type: 'hold' | 'let-go'; readonly claimId: string }
  | { readonly type: 'stop'; readonly reason: 'released' | 'closed' }
  | { readonly type: 'guard'; readonly on: boolean }
  /** `gone`: the session does not exist any more, and no claim of it. Otherwise it lapsed, and may come back. */
  | { readonly type: 'unusable'; readonly gone: boolean; readonly reason: EndReason }
  /** That call has left: from now on it has so long to be answered. */
  | { readonly type: 'sent'; readonly call: ElectionCall }
  | { readonly type: 'granted'; readonly granted: Granted }
  | { readonly type: 'held'; readonly held: Held }
  /** The store was asked about many at once, and this one waits on. */
  | { readonly type: 'waits'; readonly held: Held }
  | { readonly type: 'failed'; readonly notApplied: boolean }
  /** The claim was granted and taken away before we heard of either: it can never win again. */
  | { readonly type: 'void' }
  | { readonly type: 'news'; readonly what: ClaimNews['what'] }
  | { readonly type: 'hold-over'; readonly graceMs: number }
);

export const initialElection: ElectionState = {
  phase: 'idle',
  usable: false,
  guarded: false,
  outlived: undefined,
  last: undefined,
};

export const electionCall = (state: ElectionState): ElectionCall | undefined =>
  'call' in state ? state.call : undefined;

export function electionAlarm(state: ElectionState): Instant | undefined {
  if (state.phase === 'leading') return state.winding?.until;
  return 'dueAt' in state ? state.dueAt : undefined;
}
