/**
 * `pnpm mutants [package …] [rule …]`: takes one rule at a time out of a copy of the code and runs the tests of its
 * package against it, on real servers. Every mutant must be killed; what kills it is printed.
 */
import { rmSync } from 'node:fs';
import { table } from '../failover/table.ts';
import { choose } from './choice.ts';
import { Copy, brokenFiles } from './copy.ts';
import { judge, unsound, without } from './judge.ts';
import type { Run } from './judge.ts';
import { mutations } from './mutations.ts';
import type { PackageName } from './suites.ts';
import { endTrial, trial } from './trial.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const chosen = choose(mutations, process.argv.slice(2));
// Before any time is spent: every edit still fits the code.
for (const mutation of mutations) await brokenFiles(mutation);

await using copy = await Copy.make();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => {
    endTrial();
    rmSync(copy.folder, { recursive: true, force: true });
    process.exit(1);
  });
}
const judges = new Map<PackageName, Run>();
for (const name of new Set(chosen.map((mutation) => mutation.package))) {
  const run: Run = (only) => trial(copy.folder, name, only);
  const bad = await unsound(run);
  judges.set(name, without(bad, run));
  say(
    `${name}: without any mutation ${bad.size === 0 ? 'all tests pass' : 'these fail, and are not believed:'}`,
  );
  for (const test of bad) say(`    ${test}`);
}

const rows: Record<string, string>[] = [];
const survivors: string[] = [];
for (const [index, mutation] of chosen.entries()) {
  const { rule, what, package: name } = mutation;
  const { killer, flaky } = await copy.broken(mutation, () => judge(mutation, judges.get(name)!));
  const line = `${name} ${rule}: ${what}`;
  say(`${index + 1}/${chosen.length} ${killer === undefined ? 'SURVIVED' : 'killed  '} ${line}`);
  for (const test of flaky) say(`    failed once, which proves nothing: ${test}`);
  if (killer === undefined) survivors.push(line);
  rows.push({ rule, package: name, break: what, 'killed by': killer ?? 'NOBODY' });
}
say(`\n${table(rows)}\n\n${chosen.length - survivors.length} of ${chosen.length} mutants killed`);
for (const line of survivors) say(`survived: ${line}`);
process.exitCode = survivors.length === 0 ? 0 : 1;
