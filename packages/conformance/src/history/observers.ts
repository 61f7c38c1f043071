import type { Observed } from './event.ts';
import type { History } from './history.ts';
import { add } from './presence.ts';

/** What each observer was told of each key, in order. */
export function sightings({ events }: History): Observed[][] {
  const lists = new Map<string, Observed[]>();
  for (const event of events)
    if (event.what === 'observed') add(lists, JSON.stringify([event.observer, event.key]), event);
  return [...lists.values()];
}
