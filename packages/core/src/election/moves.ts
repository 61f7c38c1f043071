import { later } from '../clock.ts';
import type { Instant } from '../clock.ts';
import type { Common, ElectionEvent, ElectionState, Next } from './state.ts';
import type { Held } from '../store.ts';
import type { Timing } from '../timing.ts';

/** To be spread last: V8 copies an object in one step, but adds what follows a spread property by property, at 50 times the cost. */
export const common = ({ usable, guarded, outlived, last }: Common): Common => ({
  usable,
  guarded,
  outlived,
  last,
});

export const idle = (state: ElectionState): ElectionState => ({ phase: 'idle', ...common(state) });

export const stand = (state: ElectionState, event: ElectionEvent): ElectionState =>
  state.usable ? claim(state, event.nonce) : { phase: 'joining', ...common(state) };

export const claim = (state: ElectionState, claimId: string, failures = 0): ElectionState => ({
  phase: 'claiming',
  claimId,
  held: 'held' in state ? state.held : undefined,
  call: { verb: 'claim', claimId },
  dueAt: undefined,
  failures,
  ...common(state),
});

/** Whatever may stand in the store under this claim id goes, before anything else is tried. */
export const release = (state: ElectionState, claimId: string, next: Next): ElectionState => ({
  phase: 'releasing',
  claimId,
  token: state.phase === 'leading' ? state.granted.token : undefined,
  next,
  call: { verb: 'release', claimId },
  dueAt: undefined,
  failures: 0,
  ...common(state),
});

/** When a waiter asks again though nothing woke it. */
export function recheckAt(held: Held, { at, jitter }: ElectionEvent, timing: Timing): Instant {
  const spread = 0.75 + jitter / 2;
  if (held.retryInMs !== undefined)
    return later(at, Math.min(held.retryInMs * (1 + jitter / 10), timing.recheckMs) + 1);
  return later(at, held.delayed ? 1000 * spread : timing.recheckMs * spread);
}

/** The claim is out of the store: on to what was to come next. */
export function proceed(
  state: ElectionState & { phase: 'releasing' },
  event: ElectionEvent,
  timing: Timing,
): ElectionState {
  if (state.next === 'idle') return idle(state);
  if (state.next === 'claim' || state.token === undefined) return stand(state, event);
  return {
    phase: 'standing-back',
    call: { verb: 'lookout', token: state.token },
    dueAt: later(event.at, timing.ttlMs),
    failures: 0,
    ...common(state),
  };
}
