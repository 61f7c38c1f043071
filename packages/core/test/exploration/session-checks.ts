import { isPast, later, remainingMs } from '../../src/clock.ts';
import type { Instant } from '../../src/clock.ts';
import { inJeopardy, sessionAlarm, sessionCall } from '../../src/session/state.ts';
import type { SessionEvent, SessionState } from '../../src/session/state.ts';
import { FREE_REFUSALS, provableMs } from '../../src/timing.ts';
import type { Ending } from './ending.ts';
import type { Check } from './search.ts';
import { NOW, timing } from './session-world.ts';
import type { SessionStep, SessionWorld } from './session-world.ts';

type SessionCheck = Check<SessionWorld, SessionStep>;

/** As `Session` reads it: terms may be held on it. */
const isUsable = (state: SessionState): state is SessionState & { deadline: Instant } =>
  state.phase === 'live' && state.deadline !== undefined && state.lapsed === undefined;

/** What `Session` tells its users of one transition. */
function outputs(before: SessionState, after: SessionState): 'usable' | 'lapsed' | 'gone' | undefined {
  const isSame =
    before.phase === 'live' && after.phase === 'live' && before.stretch === after.stretch && isUsable(before);
  if (isUsable(after)) return isSame ? undefined : 'usable';
  if (before.phase === 'live' && after.phase === 'live')
    return after.lapsed && !before.lapsed ? 'lapsed' : undefined;
  return before.phase === 'live' ? 'gone' : undefined;
}

/** The only events that may move a deadline (S1). */
const proves = (event: SessionEvent): event is SessionEvent & { type: 'opened' | 'renewed' } =>
  event.type === 'opened' || event.type === 'renewed';

export const sessionChecks: readonly SessionCheck[] = [
  {
    name: 'nothing is stuck',
    ofWorld: ({ state }) =>
      state.phase === 'idle' || state.phase === 'closed' || sessionAlarm(state, NOW, timing)
        ? undefined
        : `${state.phase} has no alarm`,
  },
  {
    name: 'a session is open until it has been asked to end',
    ofStep: ({ before, event, after }) =>
      after.phase === 'closed' && before.phase === 'live'
        ? `${event.type} forgets the session without closing it`
        : undefined,
  },
  {
    name: 'an alarm that is due is over',
    ofStep: ({ event, after }) => {
      if (event.type !== 'alarm') return undefined;
      const alarm = sessionAlarm(after, event.at, timing);
      return alarm && isPast(alarm, event.at) ? `${after.phase} rings at once again, for ever` : undefined;
    },
  },
  {
    name: 'usable means that the deadline is ahead',
    ofStep: ({ event, after }) =>
      isUsable(after) && isPast(after.deadline, event.at)
        ? `usable after ${event.type}, and past its deadline`
        : undefined,
  },
  {
    name: 'the alarm is no later than the deadline',
    ofStep: ({ event: { at }, after }) => {
      if (!isUsable(after)) return undefined;
      const alarm = sessionAlarm(after, at, timing);
      return alarm && remainingMs(alarm, at) <= remainingMs(after.deadline, at)
        ? undefined
        : 'nobody looks when the deadline passes';
    },
  },
  {
    name: 'what was sent proves life, and nothing else does',
    ofStep: ({ before, event, after }) => {
      if (!isUsable(after)) return undefined;
      const { at } = event;
      const left = remainingMs(after.deadline, at);
      if (proves(event)) {
        const most = remainingMs(later(event.sentAt, provableMs(event.ttlMs, timing)), at);
        if (left > most) return `${event.type} gives ${left} ms where ${most} ms can be proven`;
        return left < most ? `${event.type} gives ${left} ms of the ${most} ms that it proves` : undefined;
      }
      if (!isUsable(before)) return `${event.type} makes a session usable`;
      // By whichever clock went on: a wall clock that goes back gives nothing.
      const had = remainingMs(before.deadline, at);
      return left > had && left > remainingMs(before.deadline, NOW)
        ? `${event.type} moves the deadline from ${had} to ${left} ms ahead`
        : undefined;
    },
  },
  {
    name: 'what is over stays over',
    ofStep: ({ before, event, after }) => {
      if (after.phase === 'live' && !Number.isInteger(after.stretch)) return `stretch ${after.stretch}`;
      if (before.phase !== 'live' || after.phase !== 'live' || !isUsable(after)) return undefined;
      if (isUsable(before) && isPast(before.deadline, event.at))
        return `${event.type} after the deadline saves the stretch`;
      return before.lapsed && after.stretch === before.stretch
        ? `${event.type} revives a stretch that is over`
        : undefined;
    },
  },
  {
    name: 'usable, then lapsed or gone',
    ofStep: ({ before, after }) => {
      const output = outputs(before, after);
      if (output === 'usable' && isUsable(before)) return 'it is told usable twice';
      return output === undefined && isUsable(before) !== isUsable(after)
        ? 'usable or not any more, and nobody is told'
        : undefined;
    },
  },
  {
    name: 'a request keeps its id until it is settled',
    ofStep: ({ before, event, after }) =>
      before.phase === 'opening' &&
      after.phase === 'opening' &&
      (before.requestId !== after.requestId || (before.leaving && !after.leaving))
        ? `${event.type} asks for another session while the first may have been made`
        : undefined,
  },
  {
    name: 'a renewal that fails is jeopardy',
    ofStep: ({ before, event, after }) => {
      if (before.phase !== 'live' || after.phase !== 'live') return undefined;
      const hasFailed = (event.type === 'failed' && !event.notApplied) || after.lapsed !== undefined;
      if (hasFailed && !inJeopardy(after)) return `${event.type}, and the session says that it is secure`;
      return event.type === 'renewed' && !after.lapsed && inJeopardy(after)
        ? 'a renewal was answered, and the session says that it is in jeopardy'
        : undefined;
    },
  },
  {
    name: 'what is by hand is renewed by hand',
    ofStep: ({ before, event, after }) => {
      if (before.phase !== 'live' || after.phase !== 'live' || !before.manual) return undefined;
      const renews = sessionCall(after)?.verb === 'renew' && sessionCall(after) !== sessionCall(before);
      const asked = (event.type === 'hint' && !event.byStore) || before.again || event.type === 'renewed';
      return renews && !asked ? `${event.type} renews what is renewed by hand` : undefined;
    },
  },
  {
    name: 'a hint is followed by a renewal that left after it',
    ofStep: ({ before, event, after }) => {
      if (before.phase !== 'live' || after.phase !== 'live') return undefined;
      const isNew = sessionCall(after)?.verb === 'renew' && sessionCall(after) !== sessionCall(before);
      if (event.type === 'hint' && !(event.byStore && before.manual))
        return isNew || (after.again && sessionCall(after)) ? undefined : 'the hint is forgotten';
      return event.type === 'renewed' && before.again && !isNew
        ? 'a hint came while it was in flight, and nothing is asked again'
        : undefined;
    },
  },
  {
    name: 'what was not applied is no failure, so many times',
    ofStep: ({ before, event, after }) => {
      if (after.phase !== 'live') return undefined;
      if (!Number.isInteger(after.refusals)) return `${after.refusals} refusals`;
      if (event.type !== 'failed' || before.phase !== 'live') return undefined;
      const isFree = event.notApplied && before.refusals < FREE_REFUSALS;
      const more = after.failures - before.failures;
      return more === (isFree ? 0 : 1)
        ? undefined
        : `${more} failures more, where it is ${isFree ? '' : 'not '}free`;
    },
  },
  {
    name: 'an alarm that is early changes nothing',
    ofStep: ({ before, event, after }) =>
      event.type === 'alarm' &&
      (before.phase === 'opening' || before.phase === 'closing') &&
      !isPast(before.dueAt, event.at) &&
      !(before.phase === 'closing' && isPast(before.until, event.at)) &&
      after !== before
        ? `${before.phase} takes it for due`
        : undefined,
  },
];

/** Asked to close, a session is closed in the end. */
export const closeEnds: Ending<SessionWorld, SessionStep> = {
  check: 'close always ends',
  asks: ({ event }) => event.type === 'close',
  undoes: () => false,
  // Even alarms alone do: a store that never answers keeps nobody.
  helps: ({ event, move }) => event.type === 'alarm' && move !== 'the alarm is early',
  isDone: ({ state }) => state.phase === 'closed',
};
