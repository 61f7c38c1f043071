import type { Acquired } from './event.ts';
import type { History } from './history.ts';
import type { Violation } from './verdict.ts';
import { inMs, ofTerm } from './wording.ts';

/**
 * C1: tokens rise strictly in the order in which terms were acquired, and none is given twice, whatever the store was
 * made to do. Stamps that are closer than the slack have no order.
 */
export function tokensRise({ reigns, promises }: History): Violation[] {
  return [...reigns.values()].flatMap((of) => {
    const acquired = of.flatMap((reign) => reign.acquired).toSorted((a, b) => a.at - b.at);
    return twice(acquired).concat(falling(acquired, promises.slackMs));
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

function falling(acquired: readonly Acquired[], slackMs: number): Violation[] {
  let index = 0;
  let greatest: Acquired | undefined;
  return acquired.flatMap((event, position) => {
    for (; index < position && acquired[index]!.at <= event.at - slackMs; index++)
      if (!greatest || acquired[index]!.token > greatest.token) greatest = acquired[index];
    return greatest && greatest.token > event.token ? [violation(event, greatest, 'came after')] : [];
  });
}

const violation = (event: Acquired, before: Acquired, how: string): Violation => ({
  rule: 'tokens-rise',
  text: `${ofTerm(event)}, acquired at ${inMs(event.at)}, ${how} ${ofTerm(before)}, acquired at ${inMs(before.at)}`,
  events: [before, event],
});
