import { table } from '../failover/table.ts';
import type { Contender } from './contenders.ts';
import type { Contest } from './contest.ts';

interface Standing {
  readonly overlaps: number;
  readonly longestMs: number;
  readonly late: number;
  readonly wakeUps: number;
  readonly crashes: number;
  readonly leaked: number;
  readonly rounds: number;
}

export function standing(contests: readonly Contest[]): Standing {
  const findings = contests.flatMap((contest) => contest.findings);
  const count = (what: (finding: (typeof findings)[number]) => boolean | undefined): number =>
    findings.filter(what).length;
  return {
    overlaps: count(({ overlapMs }) => overlapMs > 0),
    longestMs: Math.max(0, ...findings.map(({ overlapMs }) => overlapMs)),
    late: count(({ isLate }) => isLate),
    wakeUps: count(({ isWakeUpLost }) => isWakeUpLost),
    crashes: findings.flatMap((finding) => finding.crashes).length,
    leaked: contests.flatMap((contest) => contest.leaked).length,
    rounds: findings.length,
  };
}

/** True for whatever we promise: nothing but what an operator has done may show in our own rows. */
export function isSpotless(contests: readonly Contest[]): boolean {
  const kept = standing(contests.filter(({ scenario }) => !scenario.isTampered));
  const tampered = standing(contests.filter(({ scenario }) => scenario.isTampered));
  const always = tampered.wakeUps + tampered.crashes + tampered.leaked;
  return kept.overlaps + kept.late + kept.wakeUps + kept.crashes + kept.leaked + always === 0;
}

/** One row for each library. */
export function standings(contests: readonly Contest[]): string {
  const names = new Map<string, Contest[]>();
  for (const contest of contests)
    names.set(contest.contender.name, [...(names.get(contest.contender.name) ?? []), contest]);
  return table(
    [...names].map(([library, own]) => Object.assign({ library }, cells(standing(own), own[0]!.contender))),
  );
}

/** One row for each library and scenario in which anything was found. */
export function details(contests: readonly Contest[]): string {
  const rows = contests.flatMap((contest) => {
    const found = standing([contest]);
    const { contender, scenario } = contest;
    const sum = found.overlaps + found.late + found.wakeUps + found.crashes + found.leaked;
    return sum === 0
      ? []
      : [{ library: contender.name, scenario: scenario.name, ...cells(found, contender) }];
  });
  return rows.length === 0 ? 'nothing was found' : table(rows);
}

const cells = (
  { overlaps, longestMs, late, wakeUps, crashes, leaked, rounds }: Standing,
  { tells }: Contender,
): Record<string, string | number> => ({
  overlaps,
  'longest, ms': overlaps === 0 ? '-' : Math.ceil(longestMs),
  'late losses': tells ? late : 'n/a',
  'lost wake-ups': wakeUps,
  crashes,
  'leaked keys': leaked,
  rounds,
});
