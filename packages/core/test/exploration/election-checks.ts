import { isPast } from '../../src/clock.ts';
import { electionAlarm, electionCall, isBusy } from '../../src/election/state.ts';
import type { ElectionState } from '../../src/election/state.ts';
import type { ElectionStep } from './election-moves.ts';
import type { ElectionWorld, Transition } from './election-world.ts';
import type { Ending } from './ending.ts';
import type { Check } from './search.ts';

export type ElectionCheck = Check<ElectionWorld, ElectionStep>;

export const ofTransition = (
  name: string,
  look: (transition: Transition) => string | undefined,
): ElectionCheck => ({
  name,
  ofStep: ({ transitions }) => {
    for (const transition of transitions) {
      const wrong = look(transition);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  },
});

const isLeading = (state: ElectionState): boolean => state.phase === 'leading';

/** What `Candidacy` tells its listeners of one transition. */
function outputs({ before, after }: Transition): readonly ('acquired' | 'released' | 'lost')[] {
  if (!isLeading(before) && isLeading(after)) return ['acquired'];
  if (isLeading(before) && !isLeading(after)) return after.last ? [after.last.kind] : [];
  return [];
}

/** Idle waits for the user, joining for the session, and a term for its end: the session's machine has its alarm. */
const WAITS = new Set<ElectionState['phase']>(['idle', 'joining', 'leading']);

export const electionChecks: readonly ElectionCheck[] = [
  {
    name: 'nothing is stuck',
    ofWorld: ({ state }) =>
      electionCall(state) || electionAlarm(state) || WAITS.has(state.phase)
        ? undefined
        : `${state.phase} has neither a verb in flight nor an alarm`,
  },
  {
    name: 'joining waits for a session that is not there',
    ofWorld: ({ state, session }) =>
      state.phase === 'joining' && (state.usable || session === 'usable')
        ? 'the session is usable, and nobody claims'
        : undefined,
  },
  ofTransition('an alarm that is due is over', ({ event, after }) => {
    if (event.type !== 'alarm') return undefined;
    const alarm = electionAlarm(after);
    return alarm && isPast(alarm, event.at) ? 'the same alarm rings again at once, for ever' : undefined;
  }),
  {
    name: 'leading has a usable session',
    ofWorld: ({ state, session }) =>
      isLeading(state) && !(state.usable && session === 'usable')
        ? `it leads, and the session is ${session}`
        : undefined,
  },
  {
    name: 'usable is what the session is',
    ofWorld: ({ state, session }) =>
      state.phase !== 'idle' && state.usable !== (session === 'usable')
        ? `${state.phase} takes the session for ${state.usable ? 'usable' : 'unusable'}, and it is ${session}`
        : undefined,
  },
  ofTransition('every term ends once, as itself', ({ before, event, after }) => {
    if (before.phase !== 'leading') return undefined;
    if (after.phase === 'leading')
      return after.claimId === before.claimId && after.granted === before.granted
        ? undefined
        : 'one term became another without an end';
    if (outputs({ before, event, after }).length !== 1)
      return `a term ended by ${event.type}, and nobody is told`;
    return after.last?.claimId === before.claimId ? undefined : 'a term ended as another';
  }),
  ofTransition('a term is asked to stop once, and stays asked', ({ before, after }) =>
    before.phase === 'leading' && after.phase === 'leading' && before.winding && !after.winding
      ? 'the term was told to stop and then forgot it'
      : undefined,
  ),
  {
    name: 'no ghost is left behind',
    ofWorld: ({ state, mayStand }) => {
      const known = 'claimId' in state ? state.claimId : undefined;
      const ghosts = mayStand.filter((id) => id !== known);
      return ghosts.length > 0
        ? `claim ${ghosts.join(', ')} may stand in the store, and ${state.phase} knows ${known ?? 'none'}`
        : undefined;
    },
  },
  {
    name: 'one claim at a time',
    ofStep: ({ raw: { state, mayStand } }) => {
      const call = electionCall(state);
      const other = call?.verb === 'claim' && mayStand.find((id) => id !== call.claimId);
      return other ? `claims ${call.claimId} while ${other} may stand` : undefined;
    },
  },
  ofTransition('a call is for the claim of its state', ({ after }) => {
    const call = electionCall(after);
    if (!call || call.verb === 'park' || call.verb === 'lookout') return undefined;
    return 'claimId' in after && after.claimId === call.claimId ? undefined : `${call.verb} of another claim`;
  }),
  {
    name: 'a leader of the past looks out for the term after its own',
    ofWorld: ({ state }) => {
      const call = electionCall(state);
      return call?.verb === 'lookout' && call.token !== 1n
        ? `looks out after token ${call.token}`
        : undefined;
    },
  },
  {
    name: 'holds are counted',
    ofWorld: ({ state, holds }) => {
      if (state.phase !== 'leading') return undefined;
      const count = state.holds ?? 0;
      const real = holds.filter((id) => id === state.claimId).length;
      return count === real ? undefined : `${count} are counted where ${real} hold`;
    },
  },
  {
    name: 'only a busy term winds down',
    ofWorld: ({ state }) =>
      state.phase === 'leading' && state.winding && !isBusy(state)
        ? 'it was asked to end, waits for nobody and goes on'
        : undefined,
  },
  {
    name: 'the key is held until the work has settled',
    ofStep: ({ move, transitions }) => {
      for (const { before, event, after } of transitions) {
        if (before.phase !== 'leading' || after.phase === 'leading' || !isBusy(before)) continue;
        if (
          after.last?.kind === 'released' &&
          !after.last.overrun &&
          !['settled', 'let-go'].includes(event.type)
        )
          return `${move} gives the key up while the term is busy, and reports no overrun`;
      }
      return undefined;
    },
  },
  {
    name: 'no term begins beside work of another',
    ofStep: ({ raw: { state, work } }) => {
      if (!work) return undefined;
      const claims = electionCall(state)?.verb === 'claim';
      return claims || (state.phase === 'leading' && state.claimId !== work.claimId)
        ? `${state.phase}, while the work of the last term goes on`
        : undefined;
    },
  },
];

/** What a fair store, and time, do in the end. */
const HELPS: ReadonlySet<string> = new Set([
  'the claim leaves',
  'the release leaves',
  'the release is answered',
  'another term has begun',
]);

const helps = ({ whose, move, transitions }: ElectionStep): boolean =>
  whose === 'work' ||
  HELPS.has(move) ||
  // Without a call in flight: the next is made. With one, it is the answer that helps.
  (whose === 'alarm' && transitions[0] !== undefined && !electionCall(transitions[0].before));

const has =
  (...types: readonly string[]) =>
  ({ transitions }: ElectionStep): boolean =>
    transitions.some(({ event }) => types.includes(event.type));

/** Asked to stop, a candidate is idle in the end. */
export const stopEnds: Ending<ElectionWorld, ElectionStep> = {
  check: 'stop always ends',
  asks: has('stop'),
  undoes: has('start'),
  helps,
  isDone: ({ state }) => state.phase === 'idle',
};

/** Who stands, without work that decides for it, leads in the end. */
export const startLeads: Ending<ElectionWorld, ElectionStep> = {
  check: 'who stands leads',
  asks: ({ move, raw: { lead, work } }) => move === 'start()' && lead === 'none' && !work,
  undoes: (step) => has('stop', 'hold-over')(step) || step.move === 'lead(work)',
  helps: (step) =>
    helps(step) || ['the session is proven', 'the claim is granted', 'it is woken'].includes(step.move),
  isDone: ({ state }) => state.phase === 'leading',
};
