import { table } from '../failover/table.ts';
import { figure } from './report.ts';
import { floorAmong, ratioOf, valueOf } from './standing.ts';
import type { Standing } from './standing.ts';
import { targets } from './targets.ts';
import type { Target } from './targets.ts';

export interface Judged extends Target {
  /** Undefined where this invocation did not measure it. */
  readonly measured: number | undefined;
  readonly outcome: 'met' | 'missed' | 'not measured';
}

/** Every target, and what has become of it. */
export const judge = (standings: readonly Standing[]): readonly Judged[] =>
  targets.map((target) => {
    const found = figureFor(target, standings);
    const measured = Number.isNaN(found) ? undefined : found;
    return Object.assign({}, target, { measured, outcome: outcomeOf(target, measured) });
  });

function outcomeOf({ limit }: Target, measured: number | undefined): Judged['outcome'] {
  if (measured === undefined) return 'not measured';
  return ('most' in limit ? measured <= limit.most : measured >= limit.least) ? 'met' : 'missed';
}

function figureFor(
  { scenario, store, of = 'Tenure', over, measure }: Target,
  standings: readonly Standing[],
): number | undefined {
  const named = (name: string): Standing | undefined =>
    standings.find((one) => one.scenario === scenario && one.store === store && one.name === name);
  const ours = named(of);
  if (!ours) return undefined;
  if (over === undefined) return valueOf(ours, measure);
  const theirs = over === 'floor' ? floorAmong(standings, ours) : named(over);
  return theirs && ratioOf(ours, theirs, measure);
}

/** "target | measured | met or missed" for each, and how many. */
export function verdict(judged: readonly Judged[]): string {
  const count = (outcome: Judged['outcome']): number =>
    judged.filter((one) => one.outcome === outcome).length;
  const rows = judged.map(({ scenario, store, text, measured, outcome }) => ({
    scenario,
    store,
    target: text,
    measured: measured === undefined ? '-' : Number(figure(measured)),
    outcome,
  }));
  const counted = `${count('met')} met, ${count('missed')} missed, ${count('not measured')} not measured`;
  return `${table(rows)}\n\n${counted}`;
}
