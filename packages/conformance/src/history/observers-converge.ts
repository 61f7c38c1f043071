import type { Observed, TrueMs } from './event.ts';
import type { History } from './history.ts';
import { sightings } from './observers.ts';
import { quietOf } from './quiet.ts';
import { eventsOf, overAt } from './reign.ts';
import type { Reign } from './reign.ts';
import type { Violation } from './verdict.ts';
import { inMs } from './wording.ts';

/**
 * C9: at the end an observer shows the last leader, or nobody when that one is gone. Who came to lead when the others
 * were closing already, or right before, may not have been shown to an observer that was closing, too. Not judged when
 * faults went on almost to the end, nor for an observer that was killed.
 */
export function observersConverge(history: History): Violation[] {
  const { events, promises, reigns } = history;
  const killed = new Set(events.flatMap((event) => (event.what === 'died' ? event.candidates : [])));
  const quietFrom = quietOf(history).at(-1)?.from ?? promises.endAt;
  return sightings(history).flatMap((seen) => {
    const last = seen.at(-1)!;
    const of = reigns.get(last.key) ?? [];
    const closingAt = closingOf(of, quietFrom, promises.endAt);
    if (killed.has(last.observer) || closingAt - quietFrom < promises.leaderWithinMs) return [];
    const settled = of.findLastIndex(
      ({ begin }) => begin + promises.toldWithinMs + promises.slackMs < closingAt,
    );
    const violation = strayed(last, of.slice(Math.max(0, settled)), promises.endAt);
    return violation ? [violation] : [];
  });
}

/** When the first one left in the quiet at the end because everything was closed. */
function closingOf(of: readonly Reign[], quietFrom: TrueMs, endAt: TrueMs): TrueMs {
  const closed = of
    .flatMap(({ ends }) => ends)
    .filter(({ reason, at }) => reason === 'closed' && at >= quietFrom);
  return Math.min(endAt, ...closed.map(({ at }) => at));
}

/** `expected`: the last settled leader and all that came after. */
function strayed(last: Observed, expected: readonly Reign[], endAt: TrueMs): Violation | undefined {
  const { token, observer, key, at } = last;
  const reign = expected.at(-1);
  if (!reign) return undefined;
  const isRight =
    token === undefined ? overAt(reign, endAt) < endAt : expected.some((one) => one.token === token);
  if (isRight) return undefined;
  const shown = token === undefined ? 'nobody' : `term ${token}`;
  return {
    rule: 'observers-converge',
    text: `${observer} showed ${shown} of ${JSON.stringify(key)} at the end, since ${inMs(at)}, and the last leader had term ${reign.token}, begun at ${inMs(reign.begin)}`,
    events: [...eventsOf(reign), last],
  };
}
