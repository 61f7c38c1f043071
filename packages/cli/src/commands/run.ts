import { Option } from 'commander';
import type { Command } from 'commander';
import type { Ended } from '../child/guard.ts';
import { addEnsembleOptions, openEnsemble } from '../child/ensemble.ts';
import type { EnsembleOptions } from '../child/ensemble.ts';
import { supervise } from '../child/supervision.ts';
import { AccessDeniedError } from '@tenure/core';
import type { Term } from '@tenure/core';
import { Exit, UsageError, codeOfSignal, exitCodes } from '../exit-codes.ts';
import { tellStanding } from '../standing.ts';

interface Options extends EnsembleOptions {
  readonly restart?: boolean;
  readonly once?: boolean;
  readonly onLost: 'exit' | 'wait';
}

const HELP = `
The command starts when this process becomes leader, in a process group of its own, and finds TENURE_KEY, TENURE_TOKEN
(send it along with every write), TENURE_CANDIDATE and TENURE_STORE (without credentials) in its environment. Signals
are passed on to it. When leadership ends it gets SIGTERM and, after the grace, SIGKILL: before anybody else can lead,
also when this process was killed or stopped meanwhile.

Examples:
  $ tenure run nightly-report -- ./report.sh
  $ tenure run worker --restart -- node worker.js      again and again, on whichever replica leads
  $ tenure run migrate --once --on-lost exit -- ./migrate.sh
`;

export function addRun(program: Command): void {
  const self = program
    .command('run')
    .summary('run a command as long as we lead')
    .description('Stand for election, and run a command as long as we lead.')
    .argument('<key>', 'what is led')
    .argument('<command...>', 'after --, with its arguments')
    .option('--restart', 'when the command ends by itself: let others lead, and stand again')
    .option('--once', 'run the command once: also a lost leadership is the end')
    .addOption(
      new Option('--on-lost <what>', 'when leadership is lost, and the command with it')
        .choices(['exit', 'wait'])
        .default('wait'),
    )
    .addHelpText('after', HELP)
    .action((key: string, command: readonly string[], options: Options) => run(key, command, options, self));
  addEnsembleOptions(self);
}

async function run(key: string, command: readonly string[], options: Options, self: Command): Promise<void> {
  const { restart = false, once = false } = options;
  if (restart && once) throw new UsageError('--restart and --once exclude each other');
  const ensemble = await openEnsemble(self, command, options);
  const { tenure, guard, end, output } = ensemble;
  const election = tenure.election(key);
  /** Of one term; of the next, when this one's command is gone. */
  let work: Promise<void> = Promise.resolve();
  const attend = async (term: Term): Promise<void> => {
    if (term.signal.aborted || end.isAsked()) return;
    const ended = await supervise(term, ensemble);
    if (end.isAsked() || !(ended.stopped || restart)) end.come(exitOf(ended));
    // Not waited for: it waits for us.
    else if (!ended.stopped) void election.resign();
  };
  const silent = tellStanding(election, output);
  election.acquired.subscribe((term) => {
    work = work.then(() => attend(term)).catch((error: unknown) => end.come(error));
    term.waitUntil(work);
  });
  election.lost.subscribe(({ term, reason }) => {
    if (once || options.onLost === 'exit')
      end.come(new Exit(exitCodes.lost, `lost "${key}", token ${term.token}: ${reason}`));
  });
  election.errors.subscribe((error) => {
    // Waiting does not mend a wrong password.
    if (error instanceof AccessDeniedError && !guard.isRunning) end.come(error);
  });
  try {
    election.start();
    await end.reached();
  } finally {
    await election.stop();
    await work;
    silent();
    await ensemble.close();
  }
}

/** The command's own code, as a shell would tell it. */
export const exitOf = ({ code, signal }: Ended): Exit =>
  new Exit(signal === null ? (code ?? exitCodes.internal) : codeOfSignal(signal));
