import type { Command } from 'commander';
import type { Subscription } from 'rxjs';
import { LockTimeoutError } from '@tenure/core';
import type { Tenure } from '@tenure/core';
import { addEnsembleOptions, openEnsemble } from '../child/ensemble.ts';
import type { EnsembleOptions } from '../child/ensemble.ts';
import { supervise } from '../child/supervision.ts';
import { durationMs } from '../duration.ts';
import { Exit, UsageError, exitCodes } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { waitingText } from '../waiting.ts';
import { exitOf } from './run.ts';

interface Options extends EnsembleOptions {
  readonly try?: boolean;
  readonly wait?: string;
  readonly conflictExitCode?: string;
}

const HELP = `
As flock(1), but on the store: over all machines. The exit code is the command's own; 75 when somebody else holds the
lock (--try, --wait), 76 when it was lost while the command ran, which is then stopped as by \`tenure run\`.

Examples:
  $ tenure lock deploy -- ./deploy.sh                one after another
  $ tenure lock deploy --try -- ./deploy.sh          or not at all
  $ tenure lock deploy --wait 10s -- ./deploy.sh
`;

export function addLock(program: Command): void {
  const self = program
    .command('lock')
    .summary('run a command while holding a lock')
    .description('Run a command while holding a lock.')
    .argument('<key>', 'what is locked')
    .argument('<command...>', 'after --, with its arguments')
    .option('--try', 'do not wait: exit with 75 when somebody else holds it')
    .option('-w, --wait <duration>', 'wait so long at most (default: as long as it takes)')
    .option('-E, --conflict-exit-code <code>', 'instead of 75')
    .addHelpText('after', HELP)
    .action((key: string, command: readonly string[], options: Options) => lock(key, command, options, self));
  addEnsembleOptions(self);
}

async function lock(key: string, command: readonly string[], options: Options, self: Command): Promise<void> {
  const waitMs = waitOf(options);
  const conflict = conflictCode(options.conflictExitCode);
  const ensemble = await openEnsemble(self, command, options);
  const { tenure, end, output } = ensemble;
  const waiting = tellWaiting(tenure, key, output);
  try {
    const ended = await tenure.lock(key).run(
      (term) => {
        waiting.unsubscribe();
        const { token, candidate } = term;
        output.tell({
          event: 'acquired',
          text: `holding "${key}" with token ${token}`,
          fields: { key, token, candidate: candidate.id },
        });
        return supervise(term, ensemble);
      },
      { signal: end.signal, ...(waitMs === undefined ? {} : { waitMs }) },
    );
    throw exitOf(ended);
  } catch (error) {
    if (error instanceof LockTimeoutError && error.cause === undefined)
      throw new Exit(conflict, error.message);
    throw error;
  } finally {
    waiting.unsubscribe();
    await ensemble.close();
  }
}

/** Who holds it, as long as we do not. */
function tellWaiting(tenure: Tenure, key: string, output: Output): Subscription {
  const told = tenure.observe(key).subscribe((holder) => {
    // Our own claim may be seen before we hear of it.
    if (!holder || holder.id === tenure.candidate.id) return;
    const { id, token } = holder;
    const text = waitingText(key, holder);
    output.live(text);
    output.tell({ event: 'waiting', text, fields: { key, holder: id, token } });
  });
  told.add(() => output.live(undefined));
  return told;
}

function waitOf(options: Options): number | undefined {
  if (options.try && options.wait !== undefined) throw new UsageError('--try and --wait exclude each other');
  if (options.try) return 0;
  return options.wait === undefined ? undefined : durationMs('--wait', options.wait);
}

function conflictCode(text: string | undefined): number {
  if (text === undefined) return exitCodes.notAcquired;
  const code = Number(text);
  if (!Number.isInteger(code) || code < 0 || code > 255)
    throw new UsageError(`--conflict-exit-code is a number from 0 to 255, got "${text}"`);
  return code;
}
