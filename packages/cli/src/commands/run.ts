import { Option } from 'commander';
import type { Command } from 'commander';
import { environmentOf } from '../child/environment.ts';
import { defaultGraceMs, timingFor } from '../child/grace.ts';
import { Guard } from '../child/guard.ts';
import type { Ended } from '../child/guard.ts';
import { supervise } from '../child/supervision.ts';
import { contextOf } from '../command.ts';
import { durationMs } from '../duration.ts';
import { End } from '../end.ts';
import { AccessDeniedError } from '@tenure/core';
import type { Term } from '@tenure/core';
import { Exit, UsageError, codeOfSignal, exitCodes } from '../exit-codes.ts';
import { jsonOf, openTenure } from '../settings.ts';
import { tellStanding } from '../standing.ts';

interface Options {
  readonly grace?: string;
  readonly metadata?: string;
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
  program
    .command('run')
    .summary('run a command as long as we lead')
    .description('Stand for election, and run a command as long as we lead.')
    .argument('<key>', 'what is led')
    .argument('<command...>', 'after --, with its arguments')
    .option('--grace <duration>', 'between SIGTERM and SIGKILL (default: a fifth of the TTL, 10s at most)')
    .option('--restart', 'when the command ends by itself: let others lead, and stand again')
    .option('--once', 'run the command once: also a lost leadership is the end')
    .addOption(
      new Option('--on-lost <what>', 'when leadership is lost, and the command with it')
        .choices(['exit', 'wait'])
        .default('wait'),
    )
    .option('--metadata <json>', 'about us, for others to see')
    .addHelpText('after', HELP)
    .action((key: string, command: readonly string[], options: Options, self: Command) =>
      run(key, command, options, self),
    );
}

async function run(key: string, command: readonly string[], options: Options, self: Command): Promise<void> {
  const { settings, output } = contextOf(self);
  const { restart = false, once = false, metadata, grace } = options;
  if (restart && once) throw new UsageError('--restart and --once exclude each other');
  const graceMs = grace === undefined ? defaultGraceMs(settings.ttlMs) : durationMs('--grace', grace);
  const tenure = await openTenure(settings, {
    timing: timingFor(settings.ttlMs, graceMs),
    ...(metadata === undefined ? {} : { metadata: jsonOf(metadata) }),
  });
  const election = tenure.election(key);
  const guard = new Guard(graceMs);
  const end = new End(guard);
  const supervision = { tenure, guard, output, command, env: environmentOf(settings) };
  /** Of one term; of the next, when this one's command is gone. */
  let work: Promise<void> = Promise.resolve();
  const attend = async (term: Term): Promise<void> => {
    if (term.signal.aborted || end.isAsked()) return;
    const ended = await supervise(term, supervision);
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
    await tenure.close();
    guard.close();
    end.close();
  }
}

/** The command's own code, as a shell would tell it. */
export const exitOf = ({ code, signal }: Ended): Exit =>
  new Exit(signal === null ? (code ?? exitCodes.internal) : codeOfSignal(signal));
