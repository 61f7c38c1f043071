import type { Operation } from './event.ts';
import { codesOf, elementsIn } from './element-codes.ts';
import { fenced } from './fenced.ts';
import type { Fenced, FencedOp } from './fenced.ts';
import type { History } from './history.ts';
import { lostAdds } from './last-read.ts';
import { linearize } from './linearize.ts';
import type { Stuck } from './linearize.ts';
import { settled } from './unanswered.ts';
import type { Timed } from './unanswered.ts';
import type { Violation } from './verdict.ts';
import { inMs, ofOperation } from './wording.ts';

/** C2: what looks at tokens behaves as one register or set that refuses every token smaller than the greatest it has seen. */
export function fencedLinearizable({ operations, promises }: History): Violation[] {
  return [...operations].flatMap(([resource, of]) =>
    resource.startsWith('fenced') ? violationsOf(resource, of, promises.slackMs) : [],
  );
}

function violationsOf(resource: string, operations: readonly Operation[], slackMs: number): Violation[] {
  const lost = lostAdds(operations);
  if (lost) {
    const which = lost.adds.map((add) => ofOperation(add)).join('; ');
    const text = `${resource}: ${lost.adds.length} acknowledged but not in the last read, called at ${inMs(lost.read.calledAt)}: ${which}`;
    return [{ rule: 'fenced-linearizable', text, events: [...lost.adds, lost.read] }];
  }
  const { found, steps, stuck } = {
    stuck: undefined,
    ...linearize(fencedOps(settled(timed(operations, slackMs))), fenced),
  };
  if (found) return [];
  const text = stuck
    ? explain(stuck)
    : `was given up after ${steps} steps: whether it is linearizable is not known`;
  const events = (stuck?.window ?? []).map(({ operation }) => operation);
  return [{ rule: 'fenced-linearizable', text: `${resource}: ${text}`, events }];
}

/** Times that processes stamped may be wrong by the slack: an answer may have come so much later. */
export const timed = (operations: readonly Operation[], slackMs: number): Timed[] =>
  operations.map((operation) => ({
    operation,
    returnAt: operation.outcome === 'unknown' ? Infinity : operation.returnedAt + slackMs,
  }));

export function fencedOps(all: readonly Timed[]): FencedOp[] {
  const codes = codesOf(all.map(({ operation }) => operation));
  return all.map(({ operation, returnAt }) => ({
    operation,
    callAt: operation.calledAt,
    returnAt,
    elements: codes.of(elementsIn(operation)),
  }));
}

function explain({ blocker, window, state }: Stuck<FencedOp, Fenced>): string {
  const others = window.filter((op) => op !== blocker).map(({ operation }) => ofOperation(operation));
  const held = state.value === undefined ? '' : ` and the value ${state.value}`;
  return (
    `no order explains ${ofOperation(blocker.operation)}: where most had been done it had seen token ${state.greatest}${held}; ` +
    (others.length > 0 ? `around it ${others.join('; ')}` : 'nothing was before it')
  );
}
