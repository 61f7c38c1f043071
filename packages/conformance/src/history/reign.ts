import type { Acquired, Ended, HistoryEvent, OfTerm, SeenCurrent, TrueMs } from './event.ts';
import { add } from './presence.ts';
import type { Presence } from './presence.ts';

/** One term with all that was told of it. */
export interface Reign extends OfTerm {
  /** When it was known to be held for the first time; of a term that only ended: when it ended. */
  readonly begin: TrueMs;
  readonly acquired: readonly Acquired[];
  /** The last read that said that it is current. */
  readonly seen: SeenCurrent | undefined;
  readonly ends: readonly Ended[];
  readonly diedAt: TrueMs | undefined;
}

type Told = Acquired | SeenCurrent | Ended;

/** All terms of each key, in the order in which they began. `events` must be in the order of time. */
export function reignsOf(events: readonly HistoryEvent[], presence: Presence): Map<string, Reign[]> {
  const told = new Map<string, Told[]>();
  for (const event of events)
    if (event.what === 'acquired' || event.what === 'current' || event.what === 'ended')
      add(told, JSON.stringify([event.key, event.candidate, String(event.token)]), event);
  const reigns = new Map<string, Reign[]>();
  for (const of of told.values()) add(reigns, of[0]!.key, reignOf(of, presence));
  for (const list of reigns.values()) list.sort((a, b) => a.begin - b.begin || order(a.token, b.token));
  return reigns;
}

function reignOf(told: readonly Told[], presence: Presence): Reign {
  const { key, candidate, token, at } = told[0]!;
  return {
    key,
    candidate,
    token,
    begin: at,
    acquired: told.filter((event) => event.what === 'acquired'),
    seen: told.findLast((event) => event.what === 'current'),
    ends: told.filter((event) => event.what === 'ended'),
    diedAt: presence.death(candidate, at),
  };
}

/** After that nobody can have acted for it, whatever was away in between. */
export function overAt(reign: Reign, endAt: TrueMs): TrueMs {
  const told = reign.ends[0]?.at ?? endAt;
  return Math.min(Math.max(told, reign.seen?.at ?? -Infinity), reign.diedAt ?? Infinity);
}

/** Everything that shows one term, for evidence. */
export const eventsOf = ({ acquired, seen, ends }: Reign): HistoryEvent[] => [
  ...acquired,
  ...(seen ? [seen] : []),
  ...ends,
];

const order = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
