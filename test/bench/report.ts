import { redactUrl } from '@tenure/core/store';
import { table } from '../failover/table.ts';
import type { Settings } from './arguments.ts';
import type { Scenario } from './scenario.ts';
import { floorAmong, ratioOf, valueOf } from './standing.ts';
import type { Standing } from './standing.ts';

/** Three digits that say something; more only where they stand before the point. */
export function figure(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '-';
  if (!Number.isFinite(value)) return '∞';
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return String(Number(value.toPrecision(value < 1 ? 2 : 3)));
}

/** `table` puts columns of numbers, or "-", to the right. */
const cell = (value: number | undefined): string | number => {
  const text = figure(value);
  return text === '-' || text === '∞' ? text : Number(text);
};

/** A scenario's table: the floor first, then Tenure, then the others. */
export function tableOf(scenario: Scenario, standings: readonly Standing[]): string {
  const roles = ['floor', 'tenure', 'peer', 'less'];
  const own = standings.filter(({ scenario: name }) => name === scenario.name);
  const order = [...new Set(own.map(({ store }) => store))];
  const sorted = own.toSorted(
    (a, b) =>
      order.indexOf(a.store) - order.indexOf(b.store) || roles.indexOf(a.role) - roles.indexOf(b.role),
  );
  const columns = scenario.columns.filter(({ measure }) =>
    own.some((standing) => valueOf(standing, measure) !== undefined),
  );
  return table(
    sorted.map((standing) => {
      const floor = floorAmong(own, standing);
      const row: Record<string, string | number> = { store: standing.store, who: standing.name };
      for (const { measure, title, overFloor } of columns) {
        row[title] = cell(valueOf(standing, measure));
        if (overFloor) row[`${title} / floor`] = cell(floor && ratioOf(standing, floor, measure));
      }
      return row;
    }),
  );
}

/** What `--json` writes: every sample, so that somebody else can look at them differently; and no password. */
export function jsonOf(
  settings: Settings,
  standings: readonly Standing[],
  judged: readonly object[],
): string {
  const shown = settings.url === undefined ? settings : { ...settings, url: redactUrl(settings.url) };
  const all = { at: new Date().toISOString(), node: process.version, settings: shown, standings };
  return `${JSON.stringify({ ...all, targets: judged }, undefined, 2)}\n`;
}
