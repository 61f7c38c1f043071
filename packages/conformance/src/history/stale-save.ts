import type { Acquired } from './event.ts';
import type { History } from './history.ts';
import type { Violation } from './verdict.ts';
import { inMs, ofTerm } from './wording.ts';

/** A term of the past saves nothing: the store compares the claim. */
export function staleSave({ events, reigns, promises }: History): Violation[] {
  return events.flatMap((event): Violation[] => {
    if (event.what !== 'saved' || event.outcome !== 'ok') return [];
    const successor = (reigns.get(event.key) ?? [])
      .flatMap((reign): readonly Acquired[] => reign.acquired)
      .find(({ token, at }) => token > event.token && event.calledAt - at > promises.slackMs);
    if (!successor) return [];
    const late = `${ofTerm(successor)} had been acquired at ${inMs(successor.at)}`;
    return [
      {
        rule: 'stale-save',
        text: `${ofTerm(event)} saved at ${inMs(event.calledAt)}, and was told that it has; ${late}`,
        events: [successor, event],
      },
    ];
  });
}
