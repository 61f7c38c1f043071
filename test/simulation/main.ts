/**
 * `pnpm simulate [--seed N] [--histories M] [--jobs J]`: the real core on the memory store, in virtual time, in as many
 * random histories as asked for, each decided by its seed. Ends with 1 when any of them breaks a promise, and shows it.
 * `--broken`: the same with one rule after the other taken out of the code; each must be found out.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { print, wholeNumber } from '../chaos/arguments.ts';
import { ROOT } from '../mutants/copy.ts';
import { huntBroken } from './broken.ts';
import { campaign } from './campaign.ts';
import { Sum } from './digest.ts';
import { report, showFailure } from './report.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    histories: { type: 'string' },
    jobs: { type: 'string' },
    broken: { type: 'boolean', default: false },
  },
});

const firstSeed = wholeNumber(values.seed, 1 + Math.floor(Math.random() * 1e9));
const histories = wholeNumber(values.histories, 1000);
const jobs = Math.min(histories, wholeNumber(values.jobs, Math.min(8, availableParallelism())));
print(`--seed ${firstSeed} --histories ${histories}, in ${jobs} processes`);
const isSound = values.broken
  ? await huntBroken({ firstSeed, histories, jobs })
  : await playAll({ firstSeed, histories, jobs });
if (!isSound) process.exitCode = 1;

async function playAll(plan: {
  readonly firstSeed: number;
  readonly histories: number;
  readonly jobs: number;
}): Promise<boolean> {
  const sum = new Sum();
  const startMs = performance.now();
  await campaign({
    ...plan,
    folder: ROOT,
    told: (digest) => {
      sum.add(digest);
      const progress = `${sum.histories} histories, ${sum.failed.length} failed`;
      if (process.stdout.isTTY && sum.histories % 10 === 0) process.stdout.write(`\r${progress} `);
      else if (sum.histories % 2000 === 0) print(progress);
      // The first few say what is wrong; the rest would say it again.
      return sum.failed.length >= 5;
    },
  });
  if (process.stdout.isTTY) print('');
  report(sum, performance.now() - startMs);
  const [first] = sum.failed;
  for (const { seed, violations } of sum.failed) print(`seed ${seed}: ${violations[0]}`);
  if (first) await showFailure(first.seed);
  if (!first && sum.histories < plan.histories)
    print(`only ${sum.histories} of ${plan.histories} were played`);
  return sum.histories === plan.histories && !first;
}
