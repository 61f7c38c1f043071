import { rmSync } from 'node:fs';
import { print } from '../chaos/arguments.ts';
import { table } from '../failover/table.ts';
import { Copy } from '../mutants/copy.ts';
import { campaign } from './campaign.ts';
import type { Mutation } from '../mutants/mutation.ts';
import { rules } from './rules.ts';

export interface Hunt {
  readonly firstSeed: number;
  /** At most so many until a rule counts as not found out. */
  readonly histories: number;
  readonly jobs: number;
}

/** How a broken rule was found out, and when. */
export interface Found {
  readonly seed: number;
  /** So many histories were played until then. */
  readonly histories: number;
  readonly violation: string;
}

/** Takes the rules out of a copy of the code, one at a time. @returns whether all were found out. */
export async function huntBroken(hunt: Hunt, chosen: readonly Mutation[] = rules): Promise<boolean> {
  await using copy = await Copy.make();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      rmSync(copy.folder, { recursive: true, force: true });
      process.exit(1);
    });
  }
  const rows: Record<string, string | number>[] = [];
  for (const [index, rule] of chosen.entries()) {
    const found = await copy.broken(rule, () => find(copy.folder, hunt));
    const by = found?.violation.slice(0, found.violation.indexOf(':')) ?? 'NOTHING';
    print(`${index + 1}/${chosen.length} ${rule.rule} ${rule.what}`);
    print(`    ${found ? `seed ${found.seed}: ${found.violation}` : 'NOT FOUND'}`);
    rows.push({
      rule: rule.rule,
      'taken out': rule.what,
      'found by': by,
      seed: found?.seed ?? '-',
      histories: found?.histories ?? hunt.histories,
    });
  }
  const missed = rows.filter((row) => row['found by'] === 'NOTHING').length;
  print(`\n${table(rows)}\n\n${rows.length - missed} of ${rows.length} broken rules were found out`);
  return missed === 0;
}

/** The first history that breaks a promise with the code in that folder. */
export async function find(folder: string, { firstSeed, histories, jobs }: Hunt): Promise<Found | undefined> {
  let played = 0;
  let found: Found | undefined;
  await campaign({
    folder,
    firstSeed,
    histories,
    jobs,
    told: ({ seed, violations: [violation] }) => {
      if (found) return true;
      played += 1;
      if (violation !== undefined) found = { seed, histories: played, violation };
      return violation !== undefined;
    },
  });
  return found;
}
