/**
 * One candidate for one key as a pure function: `transition(state, event, timing) -> state`. Locks use it too.
 *
 * As in the session's machine, a state carries its own intention (`electionCall`, `electionAlarm`), time enters only
 * as `event.at` and chance only as `jitter` and `nonce`. Deadlines are not here: they belong to the session, which
 * says `usable` and `unusable`.
 *
 *   idle --start--> joining --usable--> claiming --granted--> leading --resign, stop, lost--> releasing
 *                      ^                 |    ^                                                   |
 *                      |            held v    | woke, failed, alarm                               |
 *                      |               following                                                  |
 *                      +---------- standing back <--- resigned or evicted ------------------------+---> idle
 */
import { earliest, isPast, later } from './clock.ts';
import type { Instant } from './clock.ts';
import type { Granted, Held } from './store.ts';
import { backOffMs } from './timing.ts';
import type { Timing } from './timing.ts';

export type EndReason =
  | 'released'
  | 'expired'
  | 'session-invalidated'
  | 'key-deleted'
  | 'superseded'
  | 'evicted'
  | 'stalled'
  | 'clock-jump'
  | 'max-hold'
  | 'closed';

/** How a term ended. */
export interface Ending {
  readonly claimId: string;
  readonly kind: 'released' | 'lost';
  readonly reason: EndReason;
  /** The work it guarded was told to stop, and had not, when the key went. */
  readonly overrun: boolean;
}

export type ElectionCall =
  | { readonly verb: 'claim' | 'release'; readonly claimId: string }
  | { readonly verb: 'park'; readonly held: Held }
  /** Wait until a term with a greater token has begun. */
  | { readonly verb: 'lookout'; readonly token: bigint };

interface Common {
  /** The session lives, as far as anyone can know. */
  readonly usable: boolean;
  /** Terms run a piece of work: a term that is asked to end does so when that has settled (S9). */
  readonly guarded: boolean;
  /** How the last term ended. */
  readonly last?: Ending | undefined;
}

interface Asking {
  readonly call?: ElectionCall | undefined;
  readonly dueAt: Instant;
  readonly failures: number;
}

type Next = 'idle' | 'claim' | 'stand-back';

/** The term was asked to end and waits for its work, until `until` at most. */
interface Winding {
  readonly kind: 'released' | 'lost';
  readonly reason: EndReason;
  readonly next: Next;
  readonly until?: Instant | undefined;
}

export interface Leading extends Common {
  readonly phase: 'leading';
  readonly claimId: string;
  readonly granted: Granted;
  readonly winding?: Winding | undefined;
}

export type ElectionState =
  | (Common & { readonly phase: 'idle' })
  /** Waits for the session. A claim id is kept only while the session that made it may come back. */
  | (Common & { readonly phase: 'joining'; readonly claimId?: string | undefined })
  | (Common &
      Asking & { readonly phase: 'claiming'; readonly claimId: string; readonly held?: Held | undefined })
  | (Common & Asking & { readonly phase: 'following'; readonly claimId: string; readonly held: Held })
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
  | { readonly type: 'stop'; readonly reason: 'released' | 'closed' }
  | { readonly type: 'guard'; readonly on: boolean }
  /** `gone`: the session does not exist any more, and no claim of it. Otherwise it lapsed, and may come back. */
  | { readonly type: 'unusable'; readonly gone: boolean; readonly reason: EndReason }
  | { readonly type: 'granted'; readonly granted: Granted }
  | { readonly type: 'held'; readonly held: Held }
  | { readonly type: 'failed'; readonly notApplied: boolean }
  | { readonly type: 'news'; readonly what: 'deleted' | 'superseded' | 'evicted' }
  | { readonly type: 'hold-over'; readonly graceMs: number }
);

export const initialElection: ElectionState = { phase: 'idle', usable: false, guarded: false };

export const electionCall = (state: ElectionState): ElectionCall | undefined =>
  'call' in state ? state.call : undefined;

export function electionAlarm(state: ElectionState): Instant | undefined {
  if (state.phase === 'leading') return state.winding?.until;
  return 'dueAt' in state ? state.dueAt : undefined;
}

export function electionTransition(
  before: ElectionState,
  event: ElectionEvent,
  timing: Timing,
): ElectionState {
  const state = note(before, event);
  switch (state.phase) {
    case 'idle':
      return event.type === 'start' ? stand(state, event, timing) : state;
    case 'joining':
      if (event.type === 'usable') return claim(state, state.claimId ?? event.nonce, event, timing);
      if (event.type === 'unusable' && event.gone) return { ...common(state), phase: 'joining' };
      if (event.type === 'stop')
        return state.claimId ? release(state, state.claimId, 'idle', event, timing) : idle(state);
      return state;
    case 'claiming':
    case 'following':
      return whileWaiting(state, event, timing);
    case 'leading':
      return whileLeading(state, event, timing);
    case 'releasing':
      return whileReleasing(state, event, timing);
    case 'standing-back':
      return whileStandingBack(state, event, timing);
  }
}

/** What is remembered in every phase. */
function note(state: ElectionState, event: ElectionEvent): ElectionState {
  if (event.type === 'usable') return state.usable ? state : { ...state, usable: true };
  if (event.type === 'unusable') return state.usable ? { ...state, usable: false } : state;
  if (event.type === 'guard') return { ...state, guarded: event.on };
  return state;
}

const common = ({ usable, guarded, last }: Common): Common => ({ usable, guarded, last });

const idle = (state: ElectionState): ElectionState => ({ ...common(state), phase: 'idle' });

const stand = (state: ElectionState, event: ElectionEvent, timing: Timing): ElectionState =>
  state.usable ? claim(state, event.nonce, event, timing) : { ...common(state), phase: 'joining' };

const claim = (
  state: ElectionState,
  claimId: string,
  { at }: ElectionEvent,
  timing: Timing,
  failures = 0,
): ElectionState => ({
  ...common(state),
  phase: 'claiming',
  claimId,
  held: 'held' in state ? state.held : undefined,
  call: { verb: 'claim', claimId },
  dueAt: later(at, timing.patienceMs),
  failures,
});

/** Whatever may stand in the store under this claim id goes, before anything else is tried. */
const release = (
  state: ElectionState,
  claimId: string,
  next: Next,
  { at }: ElectionEvent,
  timing: Timing,
): ElectionState => ({
  ...common(state),
  phase: 'releasing',
  claimId,
  token: state.phase === 'leading' ? state.granted.token : undefined,
  next,
  call: { verb: 'release', claimId },
  dueAt: later(at, timing.patienceMs),
  failures: 0,
});

/** When a waiter asks again though nothing woke it. */
function recheckAt(held: Held, { at, jitter }: ElectionEvent, timing: Timing): Instant {
  const spread = 0.75 + jitter / 2;
  if (held.retryInMs !== undefined)
    return later(at, Math.min(held.retryInMs * (1 + jitter / 10), timing.recheckMs) + 1);
  return later(at, held.delayed ? 1000 * spread : timing.recheckMs * spread);
}

function whileWaiting(
  state: ElectionState & { phase: 'claiming' | 'following' },
  event: ElectionEvent,
  timing: Timing,
): ElectionState {
  const retry = (atMs: number): ElectionState => ({
    ...common(state),
    phase: 'claiming',
    claimId: state.claimId,
    held: state.held,
    dueAt: later(event.at, atMs),
    failures: state.failures + 1,
  });
  switch (event.type) {
    case 'granted':
      return { ...common(state), phase: 'leading', claimId: state.claimId, granted: event.granted };
    case 'held': {
      const { held } = event;
      const { claimId, failures } = state;
      return {
        ...common(state),
        phase: 'following',
        claimId,
        held,
        failures,
        call: { verb: 'park', held },
        dueAt: recheckAt(held, event, timing),
      };
    }
    case 'woke':
      return claim(state, state.claimId, event, timing);
    case 'failed':
      return retry(
        event.notApplied
          ? timing.backOff.minMs
          : backOffMs(state.failures, event.jitter, timing, timing.backOff.downMs),
      );
    case 'alarm':
      if (!isPast(state.dueAt, event.at)) return state;
      if (state.phase === 'following') return claim(state, state.claimId, event, timing);
      // Unanswered: the same claim id settles it, whether or not it was applied (S6).
      return state.call
        ? retry(backOffMs(state.failures, event.jitter, timing, timing.backOff.downMs))
        : claim(state, state.claimId, event, timing, state.failures);
    case 'unusable':
      return { ...common(state), phase: 'joining', claimId: event.gone ? undefined : state.claimId };
    case 'stop':
      return release(state, state.claimId, 'idle', event, timing);
    default:
      return state;
  }
}

function whileLeading(state: Leading, event: ElectionEvent, timing: Timing): ElectionState {
  /** The term is over now. */
  const end = (ended: Pick<Winding, 'kind' | 'reason' | 'next'>, overrun = false): ElectionState => {
    const last = { claimId: state.claimId, kind: ended.kind, reason: ended.reason, overrun };
    // Work that goes on after its term must not see another one begin beside it.
    const outlived = state.guarded && event.type !== 'settled';
    return release({ ...state, last }, state.claimId, outlived ? 'idle' : ended.next, event, timing);
  };
  /** The term shall end: at once, or when its work has settled. */
  const ask = (winding: Winding): ElectionState => {
    if (!state.guarded) return end(winding);
    if (!state.winding) return { ...state, winding };
    const next = winding.next === 'idle' ? 'idle' : state.winding.next;
    return {
      ...state,
      winding: { ...state.winding, next, until: earliest(state.winding.until, winding.until) },
    };
  };
  switch (event.type) {
    case 'unusable': {
      const ended = end({ kind: 'lost', reason: event.reason, next: 'claim' }, state.winding !== undefined);
      return event.gone ? proceed(ended as ElectionState & { phase: 'releasing' }, event, timing) : ended;
    }
    case 'news':
      if (event.what === 'evicted') return ask({ kind: 'lost', reason: 'evicted', next: 'stand-back' });
      return end(
        { kind: 'lost', reason: event.what === 'deleted' ? 'key-deleted' : 'superseded', next: 'claim' },
        state.winding !== undefined,
      );
    case 'resign':
      return ask({ kind: 'released', reason: 'released', next: 'stand-back' });
    case 'stop':
      return ask({ kind: 'released', reason: event.reason, next: 'idle' });
    case 'hold-over':
      return ask({
        kind: 'released',
        reason: 'max-hold',
        next: 'idle',
        until: later(event.at, event.graceMs),
      });
    case 'settled':
      return end(state.winding ?? { kind: 'released', reason: 'released', next: 'stand-back' });
    case 'alarm':
      return state.winding?.until && isPast(state.winding.until, event.at) ? end(state.winding, true) : state;
    default:
      return state;
  }
}

/** The claim is out of the store: on to what was to come next. */
function proceed(
  state: ElectionState & { phase: 'releasing' },
  event: ElectionEvent,
  timing: Timing,
): ElectionState {
  if (state.next === 'idle') return idle(state);
  if (state.next === 'claim' || state.token === undefined) return stand(state, event, timing);
  return {
    ...common(state),
    phase: 'standing-back',
    call: { verb: 'lookout', token: state.token },
    dueAt: later(event.at, timing.ttlMs),
    failures: 0,
  };
}

function whileReleasing(
  state: ElectionState & { phase: 'releasing' },
  event: ElectionEvent,
  timing: Timing,
): ElectionState {
  switch (event.type) {
    case 'released':
      return proceed(state, event, timing);
    case 'unusable':
      return event.gone ? proceed(state, event, timing) : state;
    case 'failed':
    case 'alarm': {
      if (event.type === 'alarm' && !isPast(state.dueAt, event.at)) return state;
      if (event.type === 'alarm' && !state.call) {
        return {
          ...state,
          call: { verb: 'release', claimId: state.claimId },
          dueAt: later(event.at, timing.patienceMs),
        };
      }
      const waitMs = backOffMs(state.failures, event.jitter, timing, timing.backOff.downMs);
      return { ...state, call: undefined, dueAt: later(event.at, waitMs), failures: state.failures + 1 };
    }
    case 'stop':
      return { ...state, next: 'idle' };
    case 'start':
      return state.next === 'idle' ? { ...state, next: 'claim' } : state;
    default:
      return state;
  }
}

function whileStandingBack(
  state: ElectionState & { phase: 'standing-back' },
  event: ElectionEvent,
  timing: Timing,
): ElectionState {
  switch (event.type) {
    case 'succeeded':
      return stand(state, event, timing);
    case 'alarm':
      return isPast(state.dueAt, event.at) ? stand(state, event, timing) : state;
    case 'failed':
      // Not knowing who leads, wait out the whole TTL.
      return { ...state, call: undefined };
    case 'stop':
      return idle(state);
    default:
      return state;
  }
}
