import type { TrueMs } from './event.ts';
import type { History } from './history.ts';
import { quietOf } from './quiet.ts';
import type { Quiet } from './quiet.ts';
import { overAt } from './reign.ts';
import type { Violation } from './verdict.ts';
import { inMs } from './wording.ts';

/** How long a key had no leader after something was healed. */
export interface Vacancy {
  readonly key: string;
  readonly quiet: Quiet;
  /** When it had one again; Infinity when the quiet was over before. */
  readonly leaderAt: TrueMs;
}

/** For every key that is stood for and every end of all faults. */
export function vacancies(history: History): Vacancy[] {
  const { promises, reigns } = history;
  const quiets = quietOf(history);
  return promises.stoodFor.flatMap((key) =>
    quiets.map((quiet) => {
      const held = (reigns.get(key) ?? []).filter(
        (reign) => reign.begin <= quiet.to && overAt(reign, promises.endAt) > quiet.from,
      );
      const leaderAt = Math.min(Infinity, ...held.map(({ begin }) => Math.max(begin, quiet.from)));
      return { key, quiet, leaderAt };
    }),
  );
}

/** C5: so long after the end of all faults every key that is stood for has a leader, unless the next fault comes before. */
export function leaderAfterHealing(found: readonly Vacancy[], { promises, injected }: History): Violation[] {
  const withinMs = promises.leaderWithinMs + promises.slackMs;
  return found.flatMap(({ key, quiet: { from, to }, leaderAt }): Violation[] => {
    if (Math.min(leaderAt, to) - from <= withinMs) return [];
    const when =
      leaderAt === Infinity ? `had no leader by ${inMs(to)}` : `had a leader only at ${inMs(leaderAt)}`;
    const text = `${JSON.stringify(key)} ${when}, though nothing was wrong any more from ${inMs(from)}`;
    return [
      { rule: 'leader-after-healing', text, events: injected.filter(({ at }) => at <= from).slice(-2) },
    ];
  });
}
