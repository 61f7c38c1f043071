import { isPast } from '../../src/clock.ts';
import { electionAlarm, electionCall } from '../../src/election/state.ts';
import type { ElectionEvent, Leading, Next } from '../../src/election/state.ts';
import { ofTransition } from './election-checks.ts';
import type { ElectionCheck } from './election-checks.ts';

/** The strongest wish wins: who was told to leave leaves, however the term ends then. */
const ORDER: readonly Next[] = ['claim', 'stand-back', 'idle'];

/** Who starts again takes back that it leaves, and nothing else. */
const takenBack = (next: Next): Next => (next === 'idle' ? 'claim' : next);

/** What somebody wishes to come after the term. */
function wish(event: ElectionEvent): Next {
  if (event.type === 'stop' || event.type === 'hold-over') return 'idle';
  if (event.type === 'resign' || event.type === 'settled') return 'stand-back';
  return event.type === 'news' && (event.what === 'evicted' || event.what === 'forced')
    ? 'stand-back'
    : 'claim';
}

function wished({ winding, guarded, worked }: Leading, event: ElectionEvent, isOver: boolean): Next {
  // Work that outlives its term: nothing may come after it.
  if (isOver && guarded && !worked && event.type !== 'settled') return 'idle';
  if (event.type === 'start') return takenBack(winding?.next ?? 'claim');
  return ORDER[Math.max(ORDER.indexOf(winding?.next ?? 'claim'), ORDER.indexOf(wish(event)))] ?? 'idle';
}

/** Where a candidate is found when nothing is left to release. */
const PLACES: Readonly<Record<Next, readonly string[]>> = {
  idle: ['idle'],
  claim: ['claiming', 'joining'],
  'stand-back': ['standing-back'],
};

/** What comes after a term. */
export const whatNext: ElectionCheck = ofTransition(
  'what comes next is the strongest wish',
  ({ before, event, after }) => {
    if (before.phase === 'releasing' && after.phase !== 'releasing')
      return PLACES[before.next].includes(after.phase)
        ? undefined
        : `${before.next} was to come, and ${after.phase} does`;
    if (before.phase !== 'leading') return undefined;
    if (after.phase === 'leading') {
      const { winding } = after;
      return winding && winding.next !== wished(before, event, false)
        ? `after ${event.type} it will ${winding.next}, and should ${wished(before, event, false)}`
        : undefined;
    }
    const next = wished(before, event, true);
    const isRight = after.phase === 'releasing' ? after.next === next : PLACES[next].includes(after.phase);
    return isRight ? undefined : `after ${event.type} it should ${next}, and does not`;
  },
);

export const conductChecks: readonly ElectionCheck[] = [
  ofTransition('an overrun is told', ({ before, event, after }) => {
    if (before.phase !== 'leading' || after.phase === 'leading' || !after.last) return undefined;
    // Told to stop, and not over of its own accord.
    const isOverrun = before.winding !== undefined && event.type !== 'settled' && event.type !== 'let-go';
    return after.last.overrun === isOverrun
      ? undefined
      : `${event.type} ends it, and an overrun is ${isOverrun ? 'not ' : ''}told`;
  }),
  ofTransition('nothing is released of a session that is gone', ({ event, after }) =>
    event.type === 'unusable' && event.gone && after.phase === 'releasing'
      ? 'it goes on releasing'
      : undefined,
  ),
  ofTransition('the next look is ahead, and finite', ({ event, after }) => {
    const alarm = electionAlarm(after);
    // Grace may be none at all.
    if (!alarm || event.type === 'hold-over' || after.phase === 'leading') return undefined;
    return Number.isFinite(alarm.monoMs) ? undefined : `${event.type} puts it at ${alarm.monoMs}`;
  }),
  ofTransition('an alarm that is early changes nothing', ({ before, event, after }) => {
    const alarm = event.type === 'alarm' && electionAlarm(before);
    return alarm && !isPast(alarm, event.at) && after !== before
      ? `${before.phase} takes it for due`
      : undefined;
  }),
  ofTransition('failures are counted', ({ before, event, after }) => {
    if (!('failures' in after)) return undefined;
    if (!Number.isInteger(after.failures)) return `${after.failures} failures`;
    if (event.type !== 'failed' || !('failures' in before) || before.phase === 'standing-back')
      return undefined;
    return after.failures === before.failures + 1 ? undefined : `${after.failures} after one more`;
  }),
  ofTransition('a call has its patience from when it leaves', ({ before, event, after }) => {
    if (event.type === 'sent')
      return event.call === electionCall(before) || keepsLook(before, after)
        ? undefined
        : 'another call has left, and this one is given up for it';
    const call = electionCall(after);
    const isNew = call && call !== electionCall(before);
    return isNew && (call.verb === 'claim' || call.verb === 'release') && electionAlarm(after)
      ? `${call.verb} is given up before it has left`
      : undefined;
  }),
  ofTransition('what was answered is remembered while it asks again', ({ before, after }) =>
    'held' in before && after.phase === 'claiming' && after.held !== before.held
      ? 'it forgets who holds the key'
      : undefined,
  ),
];

const keepsLook = (...states: Parameters<typeof electionAlarm>[0][]): boolean =>
  new Set(states.map(electionAlarm)).size === 1;
