import { misfortunes, succession } from '../command/succession.ts';
import type { Succession } from '../command/succession.ts';
import { spread, table } from '../failover/table.ts';
import { venueOrSkip } from '../servers/venue.ts';
import { print, storesIn, wholeNumber } from './arguments.ts';

const COUNT = 20;
const KINDS = ['etcd', 'consul', 'redis', 'postgres', 'mariadb'] as const;
const DEFAULT_KINDS = ['etcd', 'consul', 'redis'] as const;

/** `[count] [store …]`: `tenure run` around a command that ignores SIGTERM, cut off, killed and stopped. */
export async function commandChaos([number, ...names]: readonly string[]): Promise<boolean> {
  const count = wholeNumber(number, COUNT);
  const successions: Succession[] = [];
  for (const kind of names.length === 0 ? DEFAULT_KINDS : storesIn(names, KINDS)) {
    if (!(await venueOrSkip(kind))) continue;
    for (const misfortune of misfortunes) {
      print(`${kind}: ${count} times ${misfortune} …`);
      const found = await succession(kind, misfortune, count);
      for (const violation of found.violations) print(`    ${violation}`);
      successions.push(found);
    }
  }
  print(`\n${table(successions.map(rowOf))}`);
  return (
    successions.length > 0 &&
    successions.every(({ violations, handovers }) => violations.length === 0 && handovers === count)
  );
}

function rowOf({ misfortune, kind, handovers, marginsMs, violations }: Succession) {
  const { min, median, max } = spread(marginsMs);
  return {
    'tenure run was': misfortune,
    store: kind,
    'next commands': handovers,
    'dead before, ms: min': min,
    median,
    max,
    violations: violations.length,
  };
}
