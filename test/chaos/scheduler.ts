import { table } from '../failover/table.ts';
import { turmoil } from '../schedules/turmoil.ts';
import type { Turmoil } from '../schedules/turmoil.ts';
import { venueOrSkip } from '../servers/venue.ts';
import { print, storesIn, wholeNumber } from './arguments.ts';

const SECONDS = 180;
const KINDS = ['sqlite', 'postgres', 'etcd', 'consul', 'redis', 'mariadb'] as const;
const DEFAULT_KINDS = ['sqlite', 'postgres', 'etcd'] as const;

/** `[seconds] [store …]`: five replicas with an every-second schedule whose leader is killed or resigns every few seconds. */
export async function schedulerChaos([seconds, ...names]: readonly string[]): Promise<boolean> {
  const ms = wholeNumber(seconds, SECONDS) * 1000;
  const turmoils: Turmoil[] = [];
  for (const kind of names.length === 0 ? DEFAULT_KINDS : storesIn(names, KINDS)) {
    if (!(await venueOrSkip(kind))) continue;
    print(`${kind}: for ${ms / 1000} s …`);
    const found = await turmoil(kind, ms);
    for (const violation of found.violations) print(`    ${violation}`);
    turmoils.push(found);
  }
  print(`\n${table(turmoils.flatMap(rowsOf))}`);
  return turmoils.length > 0 && turmoils.every(({ violations }) => violations.length === 0);
}

const rowsOf = ({ kind, killed, resigned, accounts, violations }: Turmoil) =>
  accounts.map(({ guarantee, due, fired, doubled, missed }) => ({
    store: kind,
    guarantee,
    'ticks due': due,
    fired,
    doubled: doubled.length,
    missed: missed.length,
    'leaders killed': killed,
    resigned,
    violations: violations.filter((violation) => violation.startsWith(guarantee)).length,
  }));
