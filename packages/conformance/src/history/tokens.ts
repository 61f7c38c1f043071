import type { Acquired } from './event.ts';
import type { History } from './history.ts';
import type { Violation } from './verdict.ts';
import { inMs, ofTerm } from './wording.ts';

/**
 * C1: tokens rise strictly in the order in which terms were acquired, and none is given twice, whatever the store was
 * made to do. Stamps that are closer than the slack have no order, and where terms may overlap, nor have those that are
 * closer than an answer may take: an older grant may be heard of after the one that replaced it.
 */
export function tokensRise(history: History): Violation[] {
  return [...history.reigns.values()].flatMap((of) => {
    const acquired = of.flatMap((reign) => reign.acquired).toSorted((a, b) => a.at - b.at);
    return twice(acquired).concat(falling(acquired, history));
  });
}

function twice(acquired: readonly Acquired[]): Violation[] {
  const first = new Map<bigint, Acquired>();
  return acquired.flatMap((event) => {
    const before = first.get(event.token);
    if (!before) first.set(event.token, event);
    return before ? [violation(event, before, 'has the token of')] : [];
  });
}

function falling(acquired: readonly Acquired[], history: History): Violation[] {
  return acquired.flatMap((event, position) => {
    // Any of them that no excuse covers counts, whatever covers the others.
    const before = acquired
      .slice(0, position)
      .find(
        (other) =>
          other.at <= event.at - history.promises.slackMs &&
          other.token > event.token &&
          !mayBeHeardLate(event, other, history),
      );
    return before ? [violation(event, before, 'came after')] : [];
  });
}

/** `event` may have been granted before `replaced`, and its answer have been on its way since. */
function mayBeHeardLate(
  event: Acquired,
  replaced: Acquired,
  { excuses, presence, promises }: History,
): boolean {
  const mayOverlap = !promises.disjoint || excuses.until(event.key, replaced.at) !== undefined;
  return mayOverlap && event.at <= presence.hasRunFor(event.candidate, replaced.at, promises.toldWithinMs);
}

const violation = (event: Acquired, before: Acquired, how: string): Violation => ({
  rule: 'tokens-rise',
  text: `${ofTerm(event)}, acquired at ${inMs(event.at)}, ${how} ${ofTerm(before)}, acquired at ${inMs(before.at)}`,
  events: [before, event],
});
