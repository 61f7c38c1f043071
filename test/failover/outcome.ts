import type { Handover } from './history.ts';
import { msBetween } from './protocol.ts';
import { spread, table, tally } from './table.ts';
import type { VenueKind } from '../servers/venue.ts';

/** What became of one fault, done to one or many leaders at once. */
export interface Outcome {
  readonly fault: string;
  readonly kind: VenueKind;
  readonly handovers: readonly Handover[];
  /** How long the last leader was done before the next began, in milliseconds, one for each handover. */
  readonly marginsMs: readonly number[];
  readonly violations: readonly string[];
}

/** From `lost` to the next `acquired`. */
export const fromLoss = ({ from, to }: Handover): number =>
  msBetween(from.endedAt ?? to.acquiredAt, to.acquiredAt);

/** From the last read that found the term current to the next `acquired`. */
export const fromLastRead = ({ from, to }: Handover): number => msBetween(from.lastCurrentAt, to.acquiredAt);

export function summary(outcomes: readonly Outcome[]): string {
  return table(
    outcomes.map(({ fault, kind, handovers, marginsMs, violations }) => {
      const { min, median, max } = spread(marginsMs);
      return {
        fault,
        store: kind,
        handovers: handovers.length,
        'margin ms: min': min,
        median,
        max,
        ended: tally(handovers.map(({ from }) => from.reason ?? 'untold')) || '-',
        violations: violations.length,
      };
    }),
  );
}
