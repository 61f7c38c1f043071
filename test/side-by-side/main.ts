/**
 * `pnpm side-by-side [--rounds 5] [--at-once 3] [--busy-ms 300] [--library name …] [--scenario name …]`: Tenure and its peers, each in
 * processes of its own, through the same faults. Ends with 1 when Tenure broke a promise. There is no chance in it, and
 * so no seed.
 */
import { parseArgs } from 'node:util';
import { print, wholeNumber } from '../chaos/arguments.ts';
import { venueOrSkip } from '../servers/venue.ts';
import { contenderOf, contenders } from './contenders.ts';
import { BUSY_MS, contest, TTL_MS } from './contest.ts';
import type { Contest } from './contest.ts';
import { scenarios } from './scenarios.ts';
import { details, isSpotless, standing, standings } from './standings.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    'at-once': { type: 'string' },
    'busy-ms': { type: 'string' },
    library: { type: 'string', multiple: true },
    scenario: { type: 'string', multiple: true },
  },
});
const rounds = wholeNumber(values.rounds, 5);
const atOnce = wholeNumber(values['at-once'], 3);
const busyMs = wholeNumber(values['busy-ms'], BUSY_MS);
const named = values.library?.map(contenderOf) ?? contenders;
const strange = values.scenario?.find((name) => !scenarios.some((scenario) => scenario.name === name));
if (strange !== undefined)
  throw new Error(`no scenario here is called "${strange}": ${scenarios.map(({ name }) => name).join(', ')}`);

const kinds = new Set(named.map(({ kind }) => kind));
const available = new Set<string>();
for (const kind of kinds) if (await venueOrSkip(kind)) available.add(kind);

const waiting = scenarios
  .filter(({ name }) => values.scenario?.includes(name) ?? true)
  .flatMap((scenario) =>
    named
      .filter((contender) => available.has(contender.kind) && scenario.suits(contender))
      .map((contender) => ({ contender, scenario })),
  );
const contests: Contest[] = [];
const failures: string[] = [];

async function next(): Promise<void> {
  for (let pair = waiting.shift(); pair; pair = waiting.shift()) {
    const { contender, scenario } = pair;
    const what = `${scenario.name}: ${contender.name}`;
    try {
      const done = await contest(contender, scenario, rounds, busyMs);
      contests.push(done);
      const { overlaps, longestMs, late, wakeUps, crashes, leaked } = standing([done]);
      const told = contender.tells ? `${late} late` : 'tells nothing';
      print(
        `${what}: ${overlaps} overlaps (${Math.ceil(longestMs)} ms), ${told}, ${wakeUps} lost wake-ups, ${crashes} crashes, ${leaked} leaked`,
      );
      if (done.uncounted > 0)
        print(`    not counted, because the machine was too busy: ${done.uncounted} of ${rounds} rounds`);
      const causes = new Set(done.findings.flatMap((finding) => finding.crashes));
      for (const line of [...causes, ...done.leaked.slice(0, 3)]) print(`    ${line}`);
    } catch (error) {
      failures.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      print(failures.at(-1)!);
    }
  }
}

print(`TTL ${TTL_MS} ms, ${rounds} rounds, ${waiting.length} contests, ${atOnce} at once\n`);
await Promise.all(Array.from({ length: atOnce }, next));

const order = ({ contender }: Contest): number => contenders.indexOf(contender);
const sorted = contests.toSorted((a, b) => order(a) - order(b));
const tampered = sorted.filter(({ scenario }) => scenario.isTampered);
const kept = sorted.filter(({ scenario }) => !scenario.isTampered);
if (kept.length > 0) print(`\nThe store keeps its word\n\n${standings(kept)}`);
if (tampered.length > 0) print(`\nAn operator takes the lock away\n\n${standings(tampered)}`);
print(`\nWhere it was found\n\n${details(sorted)}\n`);
for (const { name, note } of named) print(`${name}: ${note}`);
for (const failure of failures) print(`\nnot played: ${failure}`);

const ours = contests.filter(({ contender }) => contender.name.startsWith('tenure'));
if (failures.length > 0 || contests.length === 0 || !isSpotless(ours)) process.exitCode = 1;
