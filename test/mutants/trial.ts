import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from './copy.ts';
import { endWhatRunsIn } from './leftovers.ts';
import { RANDOM_TESTS, suites } from './suites.ts';
import type { PackageName } from './suites.ts';

export interface Failure {
  /** The test's full name. */
  readonly test: string;
  /** It saw something wrong, other than that time passed or something was thrown. */
  readonly isAssertion: boolean;
}

/** What vitest writes down of a run. */
export interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

/** The process group that runs now. */
let running: number | undefined;

/** Ends what runs, for a process that is about to end itself: its children have a process group of their own. */
export function endTrial(): void {
  if (running !== undefined) process.kill(-running, 'SIGKILL');
}

const TEST_MS = 15_000;
const ENOUGH = 3;

const UNENDED: Failure = { test: '(the run did not end)', isAssertion: false };

/**
 * Runs a package's tests in the copy, or those of them whose names have `only` in them.
 * @throws where the copy cannot be built
 */
export async function trial(copy: string, name: PackageName, only?: string): Promise<readonly Failure[]> {
  const { files, builds, patienceMs } = suites[name];
  if (builds !== undefined) await build(copy, builds);
  const report = join(copy, 'report.json');
  // A run that does not end writes none.
  await rm(report, { force: true });
  const args = [
    join(ROOT, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--config=test/vitest.config.ts',
    '--reporter=json',
    `--outputFile=${report}`,
    `--testTimeout=${TEST_MS}`,
    // One that hangs makes many hang; what a few have shown is enough.
    `--bail=${ENOUGH}`,
    `--exclude=${RANDOM_TESTS}`,
    ...(only === undefined ? [] : ['--testNamePattern', only.replaceAll(/[\\^$.*+?()[\]{}|]/gu, '\\$&')]),
    ...files,
  ];
  const status = await run(copy, args, patienceMs);
  await endWhatRunsIn(copy);
  if (status === 0) return [];
  return readFile(report, 'utf8').then(
    (text) => failuresIn(JSON.parse(text) as Report),
    () => [UNENDED],
  );
}

export function failuresIn({ testResults }: Report): readonly Failure[] {
  return testResults.flatMap(({ name, status, assertionResults }) => {
    const failed = assertionResults
      .filter((result) => result.status === 'failed')
      .map(({ fullName, failureMessages = [] }) => ({
        test: fullName,
        isAssertion: failureMessages.some((message) => message.includes('AssertionError')),
      }));
    // A file that cannot be loaded, or whose hooks fail.
    return status === 'failed' && failed.length === 0 ? [{ test: `(${name})`, isAssertion: false }] : failed;
  });
}

async function build(copy: string, what: string): Promise<void> {
  const status = await run(copy, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-b', what], 120_000);
  if (status !== 0) throw new Error(`${what} cannot be built in ${copy}`);
}

/** Its status; undefined where it had to be killed. */
function run(cwd: string, args: readonly string[], patienceMs: number): Promise<number | undefined> {
  const child = spawn(process.execPath, args, { cwd, stdio: 'ignore', detached: true });
  running = child.pid;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(endTrial, patienceMs);
    child.once('error', reject);
    child.once('exit', (status) => {
      running = undefined;
      clearTimeout(timer);
      resolve(status ?? undefined);
    });
  });
}
