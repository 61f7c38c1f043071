import { InvalidArgumentError, refuseUnknown } from '@tenure/core/store';
import type { HistoryEvent, TrueMs } from './event.ts';
import type { Promises } from './verdict.ts';

const kinds = [
  'acquired',
  'current',
  'ended',
  'died',
  'away',
  'observed',
  'saved',
  'operation',
  'fault',
  'healed',
  'scandal',
] as const satisfies readonly HistoryEvent['what'][];

export function checkPromises(promises: Promises): void {
  const spans = ['leaderWithinMs', 'toldWithinMs', 'slackMs'] as const;
  refuseUnknown('checkHistory', promises, [...spans, 'disjoint', 'stoodFor', 'endAt']);
  for (const name of spans)
    if (!(promises[name] >= 0))
      throw new InvalidArgumentError(
        `${name} must be at least 0 milliseconds, got ${String(promises[name])}`,
      );
  if (!Number.isFinite(promises.endAt))
    throw new InvalidArgumentError(`endAt must be a number of milliseconds, got ${String(promises.endAt)}`);
}

/** What comes from a file or another process may be anything: an event that no rule looks at would prove nothing. */
export function checkEvents(events: readonly HistoryEvent[]): void {
  for (const event of events) {
    const { what }: { readonly what: string } = event;
    if (!kinds.some((kind) => kind === what))
      throw new InvalidArgumentError(`what must be one of ${kinds.join(', ')}, got ${JSON.stringify(what)}`);
    for (const time of timesOf(event))
      if (typeof time !== 'number' || Number.isNaN(time))
        throw new InvalidArgumentError(`the time of an event must be a number, got ${time} in "${what}"`);
    if ('token' in event && event.token !== undefined && typeof event.token !== 'bigint')
      throw new InvalidArgumentError(`token must be a bigint, got ${typeof event.token} in "${what}"`);
  }
}

function timesOf(event: HistoryEvent): TrueMs[] {
  if ('calledAt' in event) return [event.calledAt, event.returnedAt];
  return event.what === 'away' ? [event.since, event.at] : [event.at];
}
