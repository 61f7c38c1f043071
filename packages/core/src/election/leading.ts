import { earliest, isPast, later } from '../clock.ts';
import { proceed, release } from './moves.ts';
import { isBusy } from './state.ts';
import type { ElectionEvent, ElectionState, Leading, Next, Winding } from './state.ts';
import type { EndReason } from '../ending.ts';
import type { Timing } from '../timing.ts';

/** The key is gone, whatever the work does. Who was thrown out stands back; who lost by accident tries again. */
const LOSS = {
  deleted: { reason: 'key-deleted', next: 'claim' },
  superseded: { reason: 'superseded', next: 'claim' },
  forced: { reason: 'evicted', next: 'stand-back' },
} as const;

const STRENGTH = { claim: 0, 'stand-back': 1, idle: 2 } as const;

/** Of several who say what comes next the strongest counts: who was told to leave leaves, who was evicted stands back. */
const stronger = (one: Next, other: Next = 'claim'): Next => (STRENGTH[one] < STRENGTH[other] ? other : one);

/** What happens to a candidate that holds its key. */
export function whileLeading(state: Leading, event: ElectionEvent, timing: Timing): ElectionState {
  /** The term is over now. */
  const end = (ended: Pick<Winding, 'kind' | 'reason' | 'next'>, overrun = false): ElectionState => {
    const last = { claimId: state.claimId, kind: ended.kind, reason: ended.reason, overrun };
    // Work that goes on after its term must not see another one begin beside it.
    if (state.guarded && !state.worked && event.type !== 'settled')
      return release({ ...state, last, outlived: true }, state.claimId, 'idle');
    return release({ ...state, last }, state.claimId, ended.next);
  };
  /** The term shall end: at once, or when its work has settled. */
  const ask = (winding: Winding): ElectionState => {
    if (!isBusy(state)) return end(winding);
    if (!state.winding) return { ...state, winding };
    const next = stronger(winding.next, state.winding.next);
    return {
      ...state,
      winding: { ...state.winding, next, until: earliest(state.winding.until, winding.until) },
    };
  };
  /** Lost, perhaps after it was asked to end. */
  const lose = (reason: EndReason, next: Next): ElectionState =>
    end({ kind: 'lost', reason, next: stronger(next, state.winding?.next) }, state.winding !== undefined);
  switch (event.type) {
    case 'unusable': {
      const ended = lose(event.reason, 'claim');
      return event.gone ? proceed(ended as ElectionState & { phase: 'releasing' }, event, timing) : ended;
    }
    case 'news':
      if (event.what === 'evicted') return ask({ kind: 'lost', reason: 'evicted', next: 'stand-back' });
      return lose(LOSS[event.what].reason, LOSS[event.what].next);
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
    case 'start':
      // Who left, and waits for its work, may think better of it: a new term, after this one.
      return state.winding?.next === 'idle'
        ? { ...state, winding: { ...state.winding, next: 'claim' } }
        : state;
    case 'settled': {
      const { kind, reason, next } = state.winding ?? { kind: 'released', reason: 'released' };
      const winding = { ...state.winding, kind, reason, next: stronger('stand-back', next) };
      return state.holds ? { ...state, worked: true, winding } : end(winding);
    }
    case 'hold':
      return event.claimId === state.claimId ? { ...state, holds: (state.holds ?? 0) + 1 } : state;
    case 'let-go': {
      if (event.claimId !== state.claimId) return state;
      const left = { ...state, holds: (state.holds ?? 1) - 1 };
      return left.winding && !isBusy(left) ? end(left.winding) : left;
    }
    case 'alarm':
      return state.winding?.until && isPast(state.winding.until, event.at) ? end(state.winding, true) : state;
    default:
      return state;
  }
}
