import { disjoint, overlaps } from './disjoint.ts';
import type { HistoryEvent } from './event.ts';
import { historyOf } from './history.ts';
import type { Judge } from './history.ts';
import { oneEnd } from './one-end.ts';
import { scandals } from './scandal.ts';
import { staleSave } from './stale-save.ts';
import { tokensRise } from './tokens.ts';
import type { Promises, Verdict } from './verdict.ts';

const judges: readonly Judge[] = [tokensRise, staleSave, oneEnd, scandals];

/** Hold a history to the promises. The events may come in any order, but those of one moment in that of what caused what. */
export function checkHistory(events: readonly HistoryEvent[], promises: Promises): Verdict {
  const history = historyOf(events, promises);
  const overlapping = overlaps(history);
  const excused = overlapping.filter(({ isExcused }) => isExcused);
  const faults: Record<string, number> = {};
  for (const { what, fault } of history.injected)
    if (what === 'fault') faults[fault] = (faults[fault] ?? 0) + 1;
  return {
    violations: [...disjoint(overlapping), ...judges.flatMap((judge) => judge(history))],
    terms: [...history.reigns.values()].flat().length,
    faults,
    excusedOverlaps: excused.length,
    longestExcusedMs: Math.max(0, ...excused.map(({ ms }) => ms)),
    longestWithoutLeaderMs: 0,
    unfencedAnomalies: 0,
  };
}
