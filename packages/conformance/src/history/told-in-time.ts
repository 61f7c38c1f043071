import type { TrueMs } from './event.ts';
import type { Overlap } from './disjoint.ts';
import type { History } from './history.ts';
import { eventsOf } from './reign.ts';
import type { Reign } from './reign.ts';
import type { Violation } from './verdict.ts';
import { inMs, ofTerm } from './wording.ts';

/**
 * C12: a loss is told soon after it can be. That a term is over by its clock shows from outside when the next one begins,
 * which must not be before; and no later than the last read that said it is current. Who can't run then is given the
 * time from when it goes on.
 */
export function toldInTime(found: readonly Overlap[], history: History): Violation[] {
  const excused = new Set(found.filter(({ isExcused }) => isExcused).map(({ former }) => former));
  return [...history.reigns.values()].flatMap((of) =>
    of.flatMap((reign, index): Violation[] => {
      const next = of.slice(index + 1, index + 2)[0];
      const from = next && overByClockAt(reign, next, excused, history);
      if (from === undefined) return [];
      return late(reign, next!, from, history);
    }),
  );
}

/** Undefined where its clock may have had a right to say that it goes on. */
function overByClockAt(
  reign: Reign,
  next: Reign,
  excused: ReadonlySet<Reign>,
  { excuses, presence, promises }: History,
): TrueMs | undefined {
  const from = Math.max(next.begin, reign.seen?.at ?? -Infinity);
  // Who did not run when the next one began had no overlap to show, whatever its clock would have said.
  const ranThen = presence.absence(reign.candidate, next.begin) === undefined;
  if (ranThen && !excused.has(reign)) return from;
  return promises.disjoint ? Math.max(from, excuses.until(reign.key, next.begin) ?? from) : undefined;
}

function late(reign: Reign, next: Reign, from: TrueMs, { presence, promises }: History): Violation[] {
  const { toldWithinMs, slackMs, endAt } = promises;
  const dueAt = presence.hasRunFor(reign.candidate, from, toldWithinMs + slackMs);
  const toldAt = reign.ends[0]?.at;
  if ((reign.diedAt ?? Infinity) <= dueAt || (toldAt ?? endAt) <= dueAt) return [];
  const told = toldAt === undefined ? `was not told by ${inMs(endAt)}` : `was told at ${inMs(toldAt)} only`;
  const text = `${ofTerm(reign)} was over by ${inMs(from)}, and its loss ${told}, due at ${inMs(dueAt)}`;
  return [{ rule: 'told-in-time', text, events: [...eventsOf(reign), ...next.acquired] }];
}
