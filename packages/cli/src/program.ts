import { createRequire } from 'node:module';
import { Command } from 'commander';
import { addCompletion } from './commands/completion.ts';
import { addDoctor } from './commands/doctor.ts';
import { addElect } from './commands/elect.ts';
import { addEvict } from './commands/evict.ts';
import { addLeaders } from './commands/leaders.ts';
import { addLock } from './commands/lock.ts';
import { addMigrate } from './commands/migrate.ts';
import { addObserve } from './commands/observe.ts';
import { addRun } from './commands/run.ts';
import { addSettings } from './settings.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { readonly version: string };

const EXAMPLES = `
Examples:
  $ export TENURE_STORE=etcd://127.0.0.1:2379
  $ tenure run nightly-report -- ./report.sh        runs it on one replica at a time
  $ tenure lock deploy --wait 10s -- ./deploy.sh    one after another
  $ tenure leaders                                  who leads what
  $ tenure observe nightly-report                   one line for each change

Exit codes: 64 bad usage, 69 store unreachable, 75 not acquired, 76 lost while running, 77 access denied,
126 and 127 the command cannot be run, 128 + n ended by signal n; else that of the command.
`;

export function buildProgram(): Command {
  const program = new Command('tenure')
    .description('Leader election and locks for any program, on the store you already run.')
    .version(version)
    .showHelpAfterError('(--help tells more)')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', EXAMPLES)
    .exitOverride();
  addSettings(program);
  const commands = [
    addRun,
    addLock,
    addElect,
    addObserve,
    addLeaders,
    addEvict,
    addDoctor,
    addMigrate,
    addCompletion,
  ];
  for (const add of commands) add(program);
  return program;
}
