import { idle } from '../../src/election/moves.ts';
import type { ElectionState } from '../../src/election/state.ts';
import { electionMachine, timing } from './election-world.ts';
import type { ElectionMachine, Transition } from './election-world.ts';

/** A mistake in the machine, and the rule that must notice it. */
export interface ElectionBreak {
  readonly name: string;
  readonly rule: string;
  /** What the broken machine does instead; undefined where it is right. */
  readonly instead: (transition: Transition) => ElectionState | undefined;
}

/** The machine with one mistake. */
export const broken = ({ instead }: Pick<ElectionBreak, 'instead'>): ElectionMachine => {
  return (before, event, durations) => {
    const after = electionMachine(before, event, durations);
    return instead({ before, event, after }) ?? after;
  };
};

export const electionBreaks: readonly ElectionBreak[] = [
  {
    name: 'stop forgets the claim that it has made',
    rule: 'no ghost is left behind',
    instead: ({ before, event, after }) =>
      event.type === 'stop' && before.phase === 'following' ? idle(after) : undefined,
  },
  {
    name: 'a failed release is taken for done',
    rule: 'no ghost is left behind',
    instead: ({ before, event, after }) =>
      event.type === 'failed' && before.phase === 'releasing' ? idle(after) : undefined,
  },
  {
    name: 'a session that lapsed makes it forget its claim id',
    rule: 'no ghost is left behind',
    instead: ({ event, after }) =>
      event.type === 'unusable' && after.phase === 'joining' ? { ...after, claimId: undefined } : undefined,
  },
  {
    name: 'a claim that fails has no next attempt',
    rule: 'nothing is stuck',
    instead: ({ event, after }) =>
      event.type === 'failed' && after.phase === 'claiming' ? { ...after, dueAt: undefined } : undefined,
  },
  {
    name: 'an alarm leaves everything as it was',
    rule: 'an alarm that is due is over',
    instead: ({ before, event }) =>
      event.type === 'alarm' && before.phase === 'releasing' && before.call ? before : undefined,
  },
  {
    name: 'a term survives its session',
    rule: 'leading has a usable session',
    instead: ({ before, event }) =>
      event.type === 'unusable' && before.phase === 'leading' ? { ...before, usable: false } : undefined,
  },
  {
    name: 'a candidate does not notice that its session is back',
    rule: 'joining waits for a session that is not there',
    instead: ({ before, event }) =>
      event.type === 'usable' && before.phase === 'joining' ? { ...before, usable: true } : undefined,
  },
  {
    name: 'holding is not counted',
    rule: 'holds are counted',
    instead: ({ before, event }) => (event.type === 'hold' ? before : undefined),
  },
  {
    name: 'the last that lets go does not end the term',
    rule: 'only a busy term winds down',
    instead: ({ before, event, after }) =>
      event.type === 'let-go' && before.phase === 'leading' && after.phase === 'releasing'
        ? { ...before, holds: 0 }
        : undefined,
  },
  {
    name: 'resign does not wait for the work',
    rule: 'the key is held until the work has settled',
    instead: ({ before, event }) => {
      if (event.type !== 'resign' || before.phase !== 'leading') return undefined;
      return electionMachine({ ...before, guarded: false, holds: 0 }, event, timing);
    },
  },
  {
    name: 'a term ends and does not say how',
    rule: 'every term ends once, as itself',
    instead: ({ before, event, after }) =>
      event.type === 'news' && before.phase === 'leading' && after.phase === 'releasing'
        ? { ...after, last: before.last }
        : undefined,
  },
  {
    name: 'a lost term claims again while its work goes on',
    rule: 'no term begins beside work of another',
    instead: ({ before, event, after }) =>
      event.type === 'news' && before.phase === 'leading' && after.phase === 'releasing'
        ? { ...after, next: 'claim' }
        : undefined,
  },
  {
    name: 'it looks out for its own term',
    rule: 'a leader of the past looks out for the term after its own',
    instead: ({ after }) =>
      after.phase === 'standing-back' && after.call?.verb === 'lookout'
        ? { ...after, call: { verb: 'lookout', token: 0n } }
        : undefined,
  },
  {
    name: 'who resigned claims again at once',
    rule: 'what comes next is the strongest wish',
    instead: ({ event, after }) =>
      event.type === 'resign' && after.phase === 'releasing' ? { ...after, next: 'claim' } : undefined,
  },
  {
    name: 'failures are not counted',
    rule: 'failures are counted',
    instead: ({ event, after }) =>
      event.type === 'failed' && after.phase === 'claiming' ? { ...after, failures: 0 } : undefined,
  },
  {
    name: 'a claim that waits in the queue is given up',
    rule: 'a call has its patience from when it leaves',
    instead: ({ before, event, after }) =>
      before.phase === 'joining' && after.phase === 'claiming' ? { ...after, dueAt: event.at } : undefined,
  },
  {
    name: 'work that did not stop in time is hidden',
    rule: 'an overrun is told',
    instead: ({ before, event, after }) =>
      event.type === 'alarm' && before.phase === 'leading' && after.last
        ? { ...after, last: { ...after.last, overrun: false } }
        : undefined,
  },
  {
    name: 'stop is not heard while releasing',
    rule: 'stop always ends',
    instead: ({ before, event }) =>
      event.type === 'stop' && before.phase === 'releasing' ? before : undefined,
  },
];
