import { Excuses } from './excuse.ts';
import type { HistoryEvent, Injected, Operation, TrueMs } from './event.ts';
import { Presence, add } from './presence.ts';
import { reignsOf } from './reign.ts';
import type { Reign } from './reign.ts';
import type { Promises } from './verdict.ts';

/** What all rules look at. */
export interface History {
  /** In the order of time; of one moment, in the order in which they were told. */
  readonly events: readonly HistoryEvent[];
  readonly promises: Promises;
  readonly presence: Presence;
  readonly excuses: Excuses;
  readonly injected: readonly Injected[];
  readonly reigns: ReadonlyMap<string, readonly Reign[]>;
  readonly operations: ReadonlyMap<string, readonly Operation[]>;
}

/** When it was told: of a call, when it was made. */
export const timeOf = (event: HistoryEvent): TrueMs =>
  event.what === 'saved' || event.what === 'operation' ? event.calledAt : event.at;

export function historyOf(told: readonly HistoryEvent[], promises: Promises): History {
  const events = told.toSorted((a, b) => timeOf(a) - timeOf(b));
  const presence = new Presence(events, promises.slackMs);
  const injected = events.filter(
    (event): event is Injected => event.what === 'fault' || event.what === 'healed',
  );
  const operations = new Map<string, Operation[]>();
  for (const event of events) if (event.what === 'operation') add(operations, event.resource, event);
  return {
    events,
    promises,
    presence,
    excuses: new Excuses(injected, promises.slackMs),
    injected,
    reigns: reignsOf(events, presence),
    operations,
  };
}
