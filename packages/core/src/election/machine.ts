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
 *                      |               following (checking: asked with all others who wait)      |
 *                      +---------- standing back <--- resigned or evicted ------------------------+---> idle
 */
import { isPast, later } from '../clock.ts';
import type { Instant } from '../clock.ts';
import { whileLeading } from './leading.ts';
import { claim, common, idle, proceed, recheckAt, release, stand } from './moves.ts';
import type { ElectionEvent, ElectionState } from './state.ts';
import { backOffMs, FREE_REFUSALS } from '../timing.ts';
import type { Timing } from '../timing.ts';

export function electionTransition(
  before: ElectionState,
  event: ElectionEvent,
  timing: Timing,
): ElectionState {
  const state = note(before, event);
  if (event.type === 'sent') return sent(state, event, timing);
  switch (state.phase) {
    case 'idle':
      return event.type === 'start' && !state.outlived ? stand(state, event) : state;
    case 'joining':
      if (event.type === 'usable') return claim(state, state.claimId ?? event.nonce);
      if (event.type === 'unusable' && event.gone) return { phase: 'joining', ...common(state) };
      if (event.type === 'stop') return state.claimId ? release(state, state.claimId, 'idle') : idle(state);
      return state;
    case 'claiming':
    case 'following':
      return whileWaiting(state, event, timing);
    case 'leading':
      return whileLeading(state, event, timing);
    case 'releasing':
      return whileReleasing(state, event, timing);
    case 'standing-back':
      return whileStandingBack(state, event);
  }
}

/** A call has its patience from when it leaves, not from when it was meant. */
function sent(state: ElectionState, event: ElectionEvent & { type: 'sent' }, timing: Timing): ElectionState {
  if (!('call' in state) || state.call !== event.call) return state;
  return { ...state, dueAt: later(event.at, timing.patienceMs) };
}

const isDue = ({ dueAt }: { readonly dueAt: Instant | undefined }, { at }: ElectionEvent): boolean =>
  dueAt !== undefined && isPast(dueAt, at);

/** What is remembered in every phase. */
function note(state: ElectionState, event: ElectionEvent): ElectionState {
  if (event.type === 'usable') return state.usable ? state : { ...state, usable: true };
  if (event.type === 'unusable') return state.usable ? { ...state, usable: false } : state;
  if (event.type === 'guard') return { ...state, guarded: event.on };
  if (event.type === 'settled' && state.outlived) return { ...state, outlived: undefined };
  return state;
}

function whileWaiting(
  state: ElectionState & { phase: 'claiming' | 'following' },
  event: ElectionEvent,
  timing: Timing,
): ElectionState {
  const retry = (atMs: number): ElectionState => ({
    phase: 'claiming',
    claimId: state.claimId,
    held: state.held,
    dueAt: later(event.at, atMs),
    failures: state.failures + 1,
    ...common(state),
  });
  switch (event.type) {
    case 'granted':
      return { phase: 'leading', claimId: state.claimId, granted: event.granted, ...common(state) };
    case 'held': {
      const { held } = event;
      const { claimId, failures } = state;
      return {
        phase: 'following',
        claimId,
        held,
        failures,
        checking: undefined,
        call: { verb: 'park', held },
        dueAt: recheckAt(held, event, timing),
        ...common(state),
      };
    }
    case 'waits':
      if (state.phase !== 'following' || state.claimId !== event.held.claimId) return state;
      return { ...state, held: event.held, checking: undefined, dueAt: recheckAt(event.held, event, timing) };
    case 'woke':
      return claim(state, state.claimId);
    case 'failed':
      return retry(
        event.notApplied && state.failures < FREE_REFUSALS
          ? timing.backOff.minMs
          : backOffMs(state.failures, event.jitter, timing, timing.backOff.downMs),
      );
    case 'alarm':
      if (!isDue(state, event)) return state;
      // Unless everybody who waits is told soon enough, it asks for itself.
      if (state.phase === 'following')
        return state.checking
          ? claim(state, state.claimId)
          : { ...state, checking: true, dueAt: later(event.at, timing.patienceMs) };
      // Unanswered: the same claim id settles it, whether or not it was applied (S6).
      return state.call
        ? retry(backOffMs(state.failures, event.jitter, timing, timing.backOff.downMs))
        : claim(state, state.claimId, state.failures);
    case 'unusable':
      return { phase: 'joining', claimId: event.gone ? undefined : state.claimId, ...common(state) };
    case 'void':
      return release(state, state.claimId, 'claim');
    case 'stop':
      return release(state, state.claimId, 'idle');
    default:
      return state;
  }
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
      if (event.type === 'alarm' && !isDue(state, event)) return state;
      if (event.type === 'alarm' && !state.call) {
        return {
          ...state,
          call: { verb: 'release', claimId: state.claimId },
          dueAt: undefined,
        };
      }
      const waitMs = backOffMs(state.failures, event.jitter, timing, timing.backOff.downMs);
      return { ...state, call: undefined, dueAt: later(event.at, waitMs), failures: state.failures + 1 };
    }
    case 'stop':
      return { ...state, next: 'idle' };
    case 'start':
      return state.next === 'idle' && !state.outlived ? { ...state, next: 'claim' } : state;
    default:
      return state;
  }
}

function whileStandingBack(
  state: ElectionState & { phase: 'standing-back' },
  event: ElectionEvent,
): ElectionState {
  switch (event.type) {
    case 'succeeded':
      return stand(state, event);
    case 'alarm':
      return isDue(state, event) ? stand(state, event) : state;
    case 'failed':
      // Not knowing who leads, wait out the whole TTL.
      return { ...state, call: undefined };
    case 'stop':
      return idle(state);
    default:
      return state;
  }
}
