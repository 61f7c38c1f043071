/**
 * A session's life as a pure function: `transition(state, event, timing) -> state`.
 *
 * A state carries its own intention: `callOf(state)` is the verb that should be in flight, a new object being a
 * new call, and `alarmOf(state)` the instant at which to look again. The runtime makes reality match; it decides
 * nothing. Time enters only as `event.at`, chance only as `jitter` and `nonce`.
 *
 *   idle --want--> opening --opened--> live --close--> closing --closed--> closed
 *                     ^                  |  renews for ever; lapsed while its deadline is past
 *                     +------- gone -----+
 */
import { isPast, later, rebase } from '../clock.ts';
import type { Instant } from '../clock.ts';
import type { Asking, Live, SessionEvent, SessionState } from './state.ts';
import { backOffMs, FREE_REFUSALS, provableMs } from '../timing.ts';
import type { Timing } from '../timing.ts';

export function sessionTransition(state: SessionState, event: SessionEvent, timing: Timing): SessionState {
  switch (state.phase) {
    case 'idle':
      if (event.type === 'want') return open(event.nonce, event.at, timing);
      return event.type === 'close' ? { phase: 'closed' } : state;
    case 'opening':
      return whileOpening(state, event, timing);
    case 'live': {
      const beaten = beat(state, event, timing);
      // A renewal that is answered after the deadline does not save its stretch: that ends first, then we ask again.
      const late = event.type === 'renewed' && beaten.lapsed && !state.lapsed;
      return late ? renew(beaten, event.at, timing) : whileLive(beaten, event, timing);
    }
    case 'closing':
      return whileClosing(state, event, timing);
    case 'closed':
      return state;
  }
}

const open = (requestId: string, at: Instant, timing: Timing): SessionState => ({
  phase: 'opening',
  requestId,
  leaving: false,
  call: { verb: 'open', requestId },
  dueAt: later(at, timing.connectMs),
  failures: 0,
});

const close = (at: Instant, timing: Timing): SessionState => ({
  phase: 'closing',
  call: { verb: 'close' },
  dueAt: later(at, timing.patienceMs),
  until: later(at, timing.renewMs),
  failures: 0,
});

/** The only two places where a deadline comes from: an `open` and a `renew`, counted from before they were sent (S1). */
const deadlineOf = (sentAt: Instant, ttlMs: number, timing: Timing): Instant =>
  later(sentAt, provableMs(ttlMs, timing));

const given = (
  asking: Asking,
  event: { at: Instant; jitter: number },
  timing: Timing,
  capMs?: number,
): Asking => ({
  call: undefined,
  dueAt: later(event.at, backOffMs(asking.failures, event.jitter, timing, capMs)),
  failures: asking.failures + 1,
});

function whileOpening(
  state: SessionState & { phase: 'opening' },
  event: SessionEvent,
  timing: Timing,
): SessionState {
  const { downMs } = timing.backOff;
  switch (event.type) {
    case 'opened': {
      if (state.leaving) return close(event.at, timing);
      const { sessionId, ttlMs, adopted, sentAt } = event;
      const live: Live = {
        phase: 'live',
        sessionId,
        deadline: adopted ? undefined : deadlineOf(sentAt, ttlMs, timing),
        lapsed: undefined,
        stretch: 1,
        again: false,
        manual: false,
        refusals: 0,
        dueAt: adopted ? event.at : later(sentAt, timing.renewMs),
        failures: 0,
      };
      return adopted ? renew(live, event.at, timing) : beat(live, event, timing);
    }
    case 'failed':
    case 'gone':
      if (state.leaving) return { phase: 'closed' };
      return {
        ...state,
        ...given(state, { at: event.at, jitter: 'jitter' in event ? event.jitter : 0 }, timing, downMs),
      };
    case 'alarm':
      if (!isPast(state.dueAt, event.at)) return state;
      if (state.leaving) return { phase: 'closed' };
      if (state.call) return { ...state, ...given(state, event, timing, downMs) };
      // The same id: should the unanswered one have been applied, this finds it instead of leaking it.
      return {
        ...state,
        call: { verb: 'open', requestId: state.requestId },
        dueAt: later(event.at, timing.connectMs),
      };
    case 'close':
      // What is on its way may make a session: wait for its answer and end it, rather than leak it.
      return state.call ? { ...state, leaving: true } : { phase: 'closed' };
    default:
      return state;
  }
}

const renew = (state: Live, at: Instant, timing: Timing): Live => ({
  ...state,
  call: { verb: 'renew' },
  again: false,
  dueAt: later(at, timing.patienceMs),
});

/** What every event does to a live session: the deadline follows a wall clock that went back, and may be past. */
function beat(state: Live, event: SessionEvent, timing: Timing): Live {
  if (!state.deadline || state.lapsed) return state;
  const deadline = rebase(state.deadline, event.at);
  if (event.type !== 'lapsed' && !isPast(deadline, event.at))
    return deadline === state.deadline ? state : { ...state, deadline };
  const lateMs = event.at.monoMs - state.deadline.monoMs;
  // The wall clock counts whole milliseconds: being first by a few means nothing.
  const lapsed =
    lateMs < -timing.pulseMs / 2 ? 'clock-jump' : lateMs > timing.pulseMs ? 'stalled' : 'expired';
  return { ...state, deadline, lapsed };
}

function whileLive(state: Live, event: SessionEvent, timing: Timing): SessionState {
  switch (event.type) {
    case 'renewed': {
      const renewed: Live = {
        ...state,
        call: undefined,
        dueAt: later(event.sentAt, timing.renewMs),
        failures: 0,
        refusals: 0,
        deadline: deadlineOf(event.sentAt, event.ttlMs, timing),
        lapsed: undefined,
        stretch: state.lapsed ? state.stretch + 1 : state.stretch,
      };
      const fresh = beat(renewed, event, timing);
      return state.again || (isPast(fresh.dueAt, event.at) && !state.manual)
        ? renew(fresh, event.at, timing)
        : fresh;
    }
    case 'gone':
      return open(event.nonce, event.at, timing);
    case 'failed': {
      const cap = state.lapsed ? timing.backOff.downMs : undefined;
      // Nothing happened, so asking again soon is right; being refused over and over is trouble like any other.
      if (event.notApplied && state.refusals < FREE_REFUSALS) {
        const dueAt = later(event.at, timing.backOff.minMs);
        return { ...state, call: undefined, dueAt, refusals: state.refusals + 1 };
      }
      return { ...state, ...given(state, event, timing, cap) };
    }
    case 'manual':
      return { ...state, manual: true };
    case 'hint':
      if (state.manual && event.byStore) return state;
      return state.call ? { ...state, again: true } : renew(state, event.at, timing);
    case 'alarm':
      if (!isPast(state.dueAt, event.at)) return state;
      if (!state.call) return state.manual ? state : renew(state, event.at, timing);
      return { ...state, ...given(state, event, timing, state.lapsed ? timing.backOff.downMs : undefined) };
    case 'close':
      return close(event.at, timing);
    default:
      return state;
  }
}

function whileClosing(
  state: SessionState & { phase: 'closing' },
  event: SessionEvent,
  timing: Timing,
): SessionState {
  switch (event.type) {
    case 'closed':
    case 'gone':
      return { phase: 'closed' };
    case 'failed':
    case 'alarm':
      // The store ends it by its TTL anyway, so insist only for a while.
      if (isPast(state.until, event.at)) return { phase: 'closed' };
      if (event.type === 'alarm' && !isPast(state.dueAt, event.at)) return state;
      if (state.call) return { ...state, ...given(state, event, timing) };
      return { ...state, call: { verb: 'close' }, dueAt: later(event.at, timing.patienceMs) };
    default:
      return state;
  }
}
