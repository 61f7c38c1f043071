import type { TrueMs } from './event.ts';
import type { History } from './history.ts';
import { quietOf } from './quiet.ts';
import type { Quiet } from './quiet.ts';
import { overAt } from './reign.ts';
import type { Reign } from './reign.ts';
import type { Violation } from './verdict.ts';
import { inMs } from './wording.ts';

/** A stretch of quiet in which a key that is stood for had no leader. */
export interface Vacancy {
  readonly key: string;
  readonly from: TrueMs;
  readonly to: TrueMs;
  /** Whether the quiet began with it: something had just been healed. */
  readonly isFirst: boolean;
  /** Whether it ended with a leader, and not with the next fault or the end of the observation. */
  readonly isFilled: boolean;
}

export function vacancies(history: History): Vacancy[] {
  const { promises, reigns } = history;
  const quiets = quietOf(history);
  return promises.stoodFor.flatMap((key) => {
    const of = reigns.get(key) ?? [];
    const found = quiets.flatMap((quiet) => vacanciesIn(key, of, quiet, promises.endAt));
    const leftAt = givenUpAt(of, history);
    return found.filter(({ from }) => from < leftAt);
  });
}

function vacanciesIn(key: string, of: readonly Reign[], { from, to }: Quiet, endAt: TrueMs): Vacancy[] {
  const found: Vacancy[] = [];
  let vacantFrom = from;
  for (const reign of of) {
    if (reign.begin > to) break;
    if (reign.begin > vacantFrom)
      found.push({ key, from: vacantFrom, to: reign.begin, isFirst: vacantFrom === from, isFilled: true });
    vacantFrom = Math.max(vacantFrom, overAt(reign, endAt));
  }
  if (vacantFrom < to)
    found.push({ key, from: vacantFrom, to, isFirst: vacantFrom === from, isFilled: false });
  return found;
}

/** When the last leader of all gave the key up in the calm at the end: that is how an observation is ended. Else Infinity. */
function givenUpAt(of: readonly Reign[], { injected }: History): TrueMs {
  const [end] = of.at(-1)?.ends ?? [];
  return end?.kind === 'released' && end.at >= (injected.at(-1)?.at ?? -Infinity) ? end.at : Infinity;
}

/**
 * C5: so long after the end of all faults every key that is stood for has a leader, and a lost one a successor, unless
 * the next fault comes before.
 */
export function leaderAfterHealing(found: readonly Vacancy[], { promises, injected }: History): Violation[] {
  const withinMs = promises.leaderWithinMs + promises.slackMs;
  return found.flatMap(({ key, from, to, isFilled }): Violation[] => {
    if (to - from <= withinMs) return [];
    const until = isFilled ? `until ${inMs(to)}` : `by ${inMs(to)}`;
    const text = `${JSON.stringify(key)} had no leader from ${inMs(from)} ${until}, though nothing was wrong any more`;
    return [
      { rule: 'leader-after-healing', text, events: injected.filter(({ at }) => at <= from).slice(-2) },
    ];
  });
}
