import type { Acquired, HistoryEvent, Saved } from './event.ts';
import type { History } from './history.ts';
import type { Violation } from './verdict.ts';
import { inMs, ofTerm } from './wording.ts';

/** A term of the past saves nothing: the store compares the claim. */
export function staleSave({ events, reigns, promises }: History): Violation[] {
  const saves = events.filter((event): event is Saved => isSaved(event) && event.outcome === 'ok');
  return [...reigns].flatMap(([key, of]) => {
    const acquired = of.flatMap((reign) => reign.acquired).toSorted((a, b) => a.at - b.at);
    const ofKey = saves.filter((save) => save.key === key);
    return stale(ofKey, acquired, promises.slackMs);
  });
}

/** Both in the order of time. */
function stale(saves: readonly Saved[], acquired: readonly Acquired[], slackMs: number): Violation[] {
  let index = 0;
  let greatest: Acquired | undefined;
  return saves.flatMap((save): Violation[] => {
    for (; index < acquired.length && save.calledAt - acquired[index]!.at > slackMs; index++)
      if (!greatest || acquired[index]!.token > greatest.token) greatest = acquired[index];
    if (!greatest || greatest.token <= save.token) return [];
    const late = `${ofTerm(greatest)} had been acquired at ${inMs(greatest.at)}`;
    const text = `${ofTerm(save)} saved at ${inMs(save.calledAt)}, and was told that it has; ${late}`;
    return [{ rule: 'stale-save', text, events: [greatest, save] }];
  });
}

const isSaved = (event: HistoryEvent): event is Saved => event.what === 'saved';
