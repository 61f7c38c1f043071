import type { TrueMs } from './event.ts';
import type { History } from './history.ts';
import { eventsOf, overAt } from './reign.ts';
import type { Reign } from './reign.ts';
import type { Violation } from './verdict.ts';
import { inMs, ofTerm } from './wording.ts';

/** Two terms of one key that were held at once. */
export interface Overlap {
  readonly former: Reign;
  readonly next: Reign;
  readonly ms: number;
  /** The promise excuses it: clocks ran wild, or the store was made to break its word for longer than it lasted. */
  readonly isExcused: boolean;
}

/** Every pair of terms that overlap by more than the slack. */
export function overlaps(history: History): Overlap[] {
  const { promises } = history;
  const found: Overlap[] = [];
  for (const reigns of history.reigns.values()) {
    let open: Reign[] = [];
    for (const next of reigns) {
      open = open.filter((former) => overAt(former, promises.endAt) > next.begin);
      for (const former of open) {
        const until = Math.min(heldUntil(former, next.begin, history), overAt(next, promises.endAt));
        if (until - next.begin > promises.slackMs)
          found.push({ former, next, ms: until - next.begin, isExcused: isExcused(next, until, history) });
      }
      open.push(next);
    }
  }
  return found;
}

/** C3: terms of one key are disjoint in true time. */
export function disjoint(found: readonly Overlap[]): Violation[] {
  return found
    .filter(({ isExcused: excused }) => !excused)
    .map(({ former, next, ms }) => ({
      rule: 'terms-disjoint',
      text: `${ofTerm(next)} began at ${inMs(next.begin)}, and ${ofTerm(former)} was held ${inMs(ms)} longer: ${proof(former, next)}`,
      events: [...eventsOf(former), ...eventsOf(next)],
    }));
}

/**
 * Until when a term was held, when its successor began at `moment`. A process that does not run cannot tell of its
 * loss; only a read that says "current" shows that it believed in it still.
 */
function heldUntil(former: Reign, moment: TrueMs, { presence, promises }: History): TrueMs {
  const died = former.diedAt ?? Infinity;
  const seen = Math.min(former.seen?.at ?? -Infinity, died);
  if (presence.absence(former.candidate, moment)) return seen;
  const told = former.ends[0]?.at ?? promises.endAt;
  return Math.max(seen, Math.min(told, died, presence.nextAbsence(former.candidate, moment)));
}

/** An excuse covers the whole of it, or nothing: who goes on for longer than the excuse has not noticed in time. */
function isExcused(next: Reign, until: TrueMs, { excuses, promises }: History): boolean {
  return !promises.disjoint || (excuses.until(next.key, next.begin) ?? -Infinity) >= until;
}

function proof({ seen, ends, diedAt }: Reign, next: Reign): string {
  if (seen && seen.at > next.begin) return `a read said that it is current at ${inMs(seen.at)}`;
  if (ends[0]) return `it ended at ${inMs(ends[0].at)}`;
  return diedAt === undefined ? 'it has not ended' : `its process died at ${inMs(diedAt)}`;
}
