import { electionAlarm, electionCall } from '../../src/election/state.ts';
import type { ElectionEvent } from '../../src/election/state.ts';
import type { ElectionHappening } from '../../src/election/calls.ts';
import { granted, happen, held, normal } from './election-world.ts';
import type { ElectionMachine, ElectionWorld, Transition } from './election-world.ts';
import type { ElectionStep } from './election-moves.ts';

interface Unruly {
  readonly move: ElectionEvent['type'];
  readonly happening: ElectionHappening;
  readonly when?: 'early' | 'due';
}

/** Every event there is, with parameters that stand for all, whether or not it makes sense here. */
function everything({ state }: ElectionWorld): readonly Unruly[] {
  const mine = ('claimId' in state ? state.claimId : undefined) ?? 'none';
  const call = electionCall(state);
  const happenings: readonly ElectionHappening[] = [
    { type: 'start' },
    { type: 'resign' },
    { type: 'usable' },
    { type: 'woke' },
    { type: 'released' },
    { type: 'succeeded' },
    { type: 'settled' },
    { type: 'stop', reason: 'released' },
    { type: 'stop', reason: 'closed' },
    { type: 'guard', on: true },
    { type: 'guard', on: false },
    { type: 'unusable', gone: true, reason: 'session-invalidated' },
    { type: 'unusable', gone: false, reason: 'expired' },
    { type: 'sent', call: { verb: 'claim', claimId: mine } },
    ...(call ? [{ type: 'sent', call } as const] : []),
    granted(mine),
    { type: 'held', held },
    { type: 'held', held: { ...held, retryInMs: 10 } },
    { type: 'held', held: { ...held, delayed: 'lock-delay' } },
    { type: 'waits', held },
    { type: 'waits', held: { ...held, claimId: mine } },
    { type: 'failed', notApplied: false },
    { type: 'failed', notApplied: true },
    { type: 'void' },
    { type: 'hold-over', graceMs: 0 },
    { type: 'hold-over', graceMs: 100 },
    { type: 'hold', claimId: 'another' },
    { type: 'let-go', claimId: 'another' },
    { type: 'hold', claimId: mine },
    { type: 'let-go', claimId: mine },
    ...(['deleted', 'superseded', 'forced', 'evicted'] as const).map(
      (what) => ({ type: 'news', what }) as const,
    ),
  ];
  const alarms = electionAlarm(state) ? (['early', 'due'] as const) : (['early'] as const);
  return [
    ...happenings.map((happening) => ({ move: happening.type, happening })),
    ...alarms.map((when) => ({ move: 'alarm' as const, happening: { type: 'alarm' } as const, when })),
  ];
}

/** Books that agree with the machine: where every event may happen at any time there are no others. */
const mirrored = ({ after: state }: Transition): ElectionWorld => ({
  state,
  session: state.usable ? 'usable' : 'none',
  mayStand: [],
  lead: 'none',
  work: undefined,
  holds:
    state.phase === 'leading'
      ? Array.from({ length: Math.max(0, state.holds ?? 0) }, () => state.claimId)
      : [],
});

const HOLDS = 2;

/**
 * Everything, in every state; but what holds lets go once, and a term that winds down for guarded work is guarded until
 * that has settled, as `Candidacy` and `lead` see to.
 */
export function* unrulySteps(machine: ElectionMachine, world: ElectionWorld): Generator<ElectionStep> {
  const { state, holds } = world;
  for (const { move, happening, when } of everything(world)) {
    const mine = 'claimId' in happening && 'claimId' in state && happening.claimId === state.claimId;
    if (happening.type === 'hold' && mine && holds.length >= HOLDS) continue;
    if (happening.type === 'let-go' && mine && holds.length === 0) continue;
    const winds = state.phase === 'leading' && state.winding;
    if (happening.type === 'guard' && !happening.on && winds) continue;
    const transition = happen(machine, state, happening, when);
    const raw = mirrored(transition);
    yield { move, whose: 'user', transitions: [transition], raw, next: normal(raw) };
  }
}
