import { InvalidArgumentError, refuseUnknown } from '@tenure/core/store';
import type { HistoryEvent, TrueMs } from './event.ts';
import { inMs, whatOf } from './wording.ts';

export interface TimelineOptions {
  /** Only what is about this key. Faults, deaths and absences are always shown. */
  readonly key?: string;
  /** Only so many milliseconds before and after a moment. */
  readonly around?: { readonly at: TrueMs; readonly ms: number };
}

interface Line {
  readonly at: TrueMs;
  /** Whose column; none for what happens to the world. */
  readonly who: readonly string[];
  readonly text: string;
}

/** A history to be read by people: a line for each event, a column for each candidate and observer, faults on the right. */
export function timeline(events: readonly HistoryEvent[], options: TimelineOptions = {}): string {
  refuseUnknown('timeline', options, ['key', 'around']);
  const { at: middle, ms: reachMs } = options.around ?? { at: 0, ms: Infinity };
  if (Number.isNaN(middle) || !(reachMs >= 0))
    throw new InvalidArgumentError(
      `around must be { at, ms } with numbers, got at ${middle} and ms ${reachMs}`,
    );
  const lines = events
    .filter((event) => options.key === undefined || !('key' in event) || event.key === options.key)
    .flatMap(linesOf)
    .toSorted((a, b) => a.at - b.at);
  const shown = lines.filter(({ at }) => Math.abs(at - middle) <= reachMs);
  const names = [...new Set(shown.flatMap(({ who }) => who))].toSorted();
  const rows = shown.map(({ at, who, text }) =>
    [(Math.round(at * 10) / 10).toFixed(1)].concat(
      names.map((name) => (who.includes(name) ? text : '')),
      who.length === 0 ? text : '',
    ),
  );
  return columns([['true ms', ...names, 'faults'], ...rows]).join('\n');
}

function linesOf(event: HistoryEvent): Line[] {
  switch (event.what) {
    case 'acquired':
      return [{ at: event.at, who: [event.candidate], text: `acquired ${event.token}` }];
    case 'current':
      return [{ at: event.at, who: [event.candidate], text: `current ${event.token}` }];
    case 'ended':
      return [{ at: event.at, who: [event.candidate], text: `${event.kind} ${event.token} ${event.reason}` }];
    case 'died':
      return [{ at: event.at, who: event.candidates, text: '† died' }];
    case 'away':
      return [
        { at: event.since, who: event.candidates, text: 'away …' },
        { at: event.at, who: event.candidates, text: `… back after ${inMs(event.at - event.since)}` },
      ];
    case 'observed':
      return [{ at: event.at, who: [event.observer], text: `sees ${event.token ?? 'nobody'}` }];
    case 'saved':
      return called(event, `save ${event.token}`);
    case 'operation':
      return called(event, `${event.resource}: ${whatOf(event)} with ${event.token}`);
    case 'fault':
    case 'healed':
      return [{ at: event.at, who: [], text: `${event.what === 'fault' ? '!' : '✓'} ${event.fault}` }];
    case 'scandal':
      return [{ at: event.at, who: [], text: `SCANDAL ${event.message}` }];
  }
}

function called(
  call: {
    readonly candidate: string;
    readonly calledAt: TrueMs;
    readonly returnedAt: TrueMs;
    readonly outcome: string;
  },
  text: string,
): Line[] {
  const took =
    call.returnedAt === Infinity
      ? 'no answer'
      : `${call.outcome} after ${inMs(call.returnedAt - call.calledAt)}`;
  return [{ at: call.calledAt, who: [call.candidate], text: `${text}: ${took}` }];
}

/** Times to the right, the rest to the left. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) =>
    rows.reduce((width, row) => Math.max(width, row[column]!.length), 0),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
}
