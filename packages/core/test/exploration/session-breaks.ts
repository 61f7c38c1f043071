import { later } from '../../src/clock.ts';
import type { SessionState } from '../../src/session/state.ts';
import { provableMs } from '../../src/timing.ts';
import { sessionMachine, timing } from './session-world.ts';
import type { SessionMachine, SessionStep } from './session-world.ts';

/** A mistake in the machine, and the rule that must notice it. */
export interface SessionBreak {
  readonly name: string;
  readonly rule: string;
  /** What the broken machine does instead; undefined where it is right. */
  readonly instead: (step: Pick<SessionStep, 'before' | 'event' | 'after'>) => SessionState | undefined;
}

/** The machine with one mistake. */
export const broken = ({ instead }: SessionBreak): SessionMachine => {
  return (before, event, durations) => {
    const after = sessionMachine(before, event, durations);
    return instead({ before, event, after }) ?? after;
  };
};

export const sessionBreaks: readonly SessionBreak[] = [
  {
    name: 'a deadline counts from the answer',
    rule: 'what was sent proves life, and nothing else does',
    instead: ({ event, after }) =>
      event.type === 'renewed' && after.phase === 'live' && !after.lapsed
        ? { ...after, deadline: later(event.at, provableMs(event.ttlMs, timing)) }
        : undefined,
  },
  {
    name: 'a failure moves the deadline',
    rule: 'what was sent proves life, and nothing else does',
    instead: ({ event, after }) =>
      event.type === 'failed' && after.phase === 'live' && after.deadline && !after.lapsed
        ? { ...after, deadline: later(after.deadline, timing.ttlMs) }
        : undefined,
  },
  {
    name: 'an answer after the deadline saves the stretch',
    rule: 'what is over stays over',
    instead: ({ before, event }) =>
      event.type === 'renewed' && before.phase === 'live' && before.deadline
        ? sessionMachine({ ...before, deadline: undefined }, event, timing)
        : undefined,
  },
  {
    name: 'a lapsed session comes back as the same stretch',
    rule: 'what is over stays over',
    instead: ({ before, after }) =>
      before.phase === 'live' && after.phase === 'live' ? { ...after, stretch: before.stretch } : undefined,
  },
  {
    name: 'nobody notices that the deadline has passed',
    rule: 'usable means that the deadline is ahead',
    instead: ({ before, event, after }) =>
      event.type !== 'lapsed' && before.phase === 'live' && after.phase === 'live' && !before.lapsed
        ? { ...after, lapsed: undefined }
        : undefined,
  },
  {
    name: 'a renewal that was given up is awaited again',
    rule: 'an alarm that is due is over',
    instead: ({ before, event, after }) =>
      event.type === 'alarm' && before.phase === 'live' && before.call && after.phase === 'live'
        ? { ...after, call: before.call, dueAt: before.dueAt }
        : undefined,
  },
  {
    name: 'a renewal that failed counts for nothing',
    rule: 'a renewal that fails is jeopardy',
    instead: ({ event, after }) =>
      event.type === 'failed' && after.phase === 'live' ? { ...after, failures: 0 } : undefined,
  },
  {
    name: 'a session is asked for anew while the first may have been made',
    rule: 'a request keeps its id until it is settled',
    instead: ({ before, event, after }) =>
      event.type === 'alarm' && before.phase === 'opening' && after.phase === 'opening' && after.call
        ? { ...after, requestId: `${after.requestId}'` }
        : undefined,
  },
  {
    name: 'a live session is dropped instead of closed',
    rule: 'a session is open until it has been asked to end',
    instead: ({ before, event }) =>
      event.type === 'close' && before.phase === 'live' ? { phase: 'closed' } : undefined,
  },
  {
    name: 'the store can have a lease by hand renewed',
    rule: 'what is by hand is renewed by hand',
    instead: ({ before, event }) =>
      event.type === 'hint' && event.byStore && before.phase === 'live'
        ? sessionMachine(before, { ...event, byStore: false }, timing)
        : undefined,
  },
  {
    name: 'a hint is forgotten while a renewal is in flight',
    rule: 'a hint is followed by a renewal that left after it',
    instead: ({ before, event }) =>
      event.type === 'hint' && before.phase === 'live' && before.call ? before : undefined,
  },
  {
    name: 'close is not heard while opening',
    rule: 'close always ends',
    instead: ({ before, event }) =>
      event.type === 'close' && before.phase === 'opening' ? before : undefined,
  },
  {
    name: 'a close that fails is tried for ever',
    rule: 'close always ends',
    instead: ({ before, event, after }) =>
      event.type === 'alarm' && before.phase === 'closing' && after.phase === 'closed'
        ? { ...before, call: { verb: 'close' }, dueAt: later(event.at, timing.patienceMs) }
        : undefined,
  },
];
