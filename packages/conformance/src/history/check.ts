import { checkEvents, checkPromises } from './arguments.ts';
import { disjoint, overlaps } from './disjoint.ts';
import type { HistoryEvent, Injected } from './event.ts';
import { fencedLinearizable } from './fenced-linearizable.ts';
import { historyOf } from './history.ts';
import { leaderAfterHealing, vacancies } from './leader-after-healing.ts';
import { observersConverge } from './observers-converge.ts';
import { observersMonotone } from './observers-monotone.ts';
import { oneEnd } from './one-end.ts';
import { scandals } from './scandal.ts';
import { staleSave } from './stale-save.ts';
import { tokensRise } from './tokens.ts';
import { toldInTime } from './told-in-time.ts';
import { unfencedAnomalies } from './unfenced.ts';
import type { Promises, Verdict } from './verdict.ts';

/**
 * Hold a history to the promises. The events may come in any order, but those of one moment in that in which they
 * happened. @throws InvalidArgumentError for what is no event, or no promise.
 */
export function checkHistory(events: readonly HistoryEvent[], promises: Promises): Verdict {
  checkPromises(promises);
  checkEvents(events);
  const history = historyOf(events, promises);
  const overlapping = overlaps(history);
  const excused = overlapping.filter(({ isExcused }) => isExcused);
  const vacant = vacancies(history);
  return {
    violations: [
      ...disjoint(overlapping),
      ...tokensRise(history),
      ...fencedLinearizable(history),
      ...staleSave(history),
      ...leaderAfterHealing(vacant, history),
      ...oneEnd(history),
      ...toldInTime(overlapping, history),
      ...observersMonotone(history),
      ...observersConverge(history),
      ...scandals(history),
    ],
    terms: [...history.reigns.values()].reduce((sum, { length }) => sum + length, 0),
    faults: tally(history.injected),
    excusedOverlaps: excused.length,
    longestExcusedMs: longest(excused.map(({ ms }) => ms)),
    longestWithoutLeaderMs: longest(
      vacant.filter(({ isFirst, isFilled }) => isFirst && isFilled).map(({ from, to }) => to - from),
    ),
    unfencedAnomalies: unfencedAnomalies(history),
  };
}

const longest = (lengths: readonly number[]): number => lengths.reduce((a, b) => Math.max(a, b), 0);

function tally(injected: readonly Injected[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { what, fault } of injected) if (what === 'fault') counts[fault] = (counts[fault] ?? 0) + 1;
  return counts;
}
