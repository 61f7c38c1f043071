import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from '../mutants/copy.ts';
import type { Digest } from './digest.ts';

export interface CampaignOptions {
  /** Where the code is. */
  readonly folder: string;
  readonly firstSeed: number;
  readonly histories: number;
  /** Processes that share the work. */
  readonly jobs: number;
  /** True when it has seen enough. */
  readonly told: (digest: Digest) => boolean;
}

/** Of the code in whichever folder. */
const WORKER = relative(ROOT, fileURLToPath(new URL('./worker.ts', import.meta.url)));

/** Code that is broken may never come to the end of a history. */
const PATIENCE_MS = 60_000;

/** Plays the histories of so many seeds in processes of their own. */
export async function campaign(options: CampaignOptions): Promise<void> {
  const { firstSeed, jobs } = options;
  const workers: ChildProcess[] = [];
  const seeds = Array.from({ length: jobs }, (_, index) => firstSeed + index);
  try {
    await Promise.all(seeds.map((seed) => share(seed, options, workers)));
  } finally {
    for (const worker of workers) worker.kill('SIGKILL');
  }
}

/** Every `jobs`-th seed from `seed`. */
async function share(seed: number, options: CampaignOptions, workers: ChildProcess[]): Promise<void> {
  const { folder, firstSeed, histories, jobs, told } = options;
  const worker = fork(join(folder, WORKER), [seed, jobs, firstSeed + histories].map(String), {
    cwd: folder,
    serialization: 'advanced',
    execArgv: ['--conditions=tenure-source', '--import', 'tsx'],
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  workers.push(worker);
  let stderr = '';
  worker.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-4000)));
  let next = seed;
  let timer: NodeJS.Timeout | undefined;
  const outcome = await new Promise<'enough' | 'ended' | 'stuck'>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, 'stuck');
    worker.on('message', (digest: Digest) => {
      clearTimeout(timer);
      timer = setTimeout(resolve, PATIENCE_MS, 'stuck');
      next = digest.seed + jobs;
      if (told(digest)) resolve('enough');
    });
    worker.once('exit', () => resolve('ended'));
  });
  clearTimeout(timer);
  // The others have nothing to add.
  if (outcome === 'enough') for (const other of workers) other.kill('SIGKILL');
  if (outcome === 'stuck') worker.kill('SIGKILL');
  const { exitCode, signalCode, killed } = worker;
  const failed = outcome === 'ended' && exitCode !== 0 && !killed;
  const how = failed
    ? `the process ended with ${signalCode ?? exitCode}: ${stderr}`
    : `it did not end within ${PATIENCE_MS} ms`;
  if (failed || outcome === 'stuck') told({ ...nothing, seed: next, violations: [`scandal: ${how}`] });
}

const nothing: Digest = {
  seed: 0,
  terms: 0,
  virtualMs: 0,
  faults: {},
  longestWithoutLeaderMs: 0,
  leaderWithinMs: 1,
  excusedOverlaps: 0,
  longestExcusedMs: 0,
  unfencedAnomalies: 0,
  fencedOperations: 0,
  refused: 0,
  violations: [],
};
