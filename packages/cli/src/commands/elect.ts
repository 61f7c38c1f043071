import type { Command } from 'commander';
import { AccessDeniedError } from '@tenure/core';
import { tellCandidacy } from '../candidacy.ts';
import { contextOf } from '../command.ts';
import { End } from '../end.ts';
import { Exit, exitCodes } from '../exit-codes.ts';
import { jsonOf, openTenure } from '../settings.ts';

const HELP = `
A line on standard output for each change: time, key, what we are now (waiting, leading, released, lost), token, and the
leader or the reason; between tabs in a pipe. A line says what was true when it was written: who must not act beside the
next leader sends the token along with what it does, or runs under \`tenure run\`.

Examples:
  $ tenure elect nightly-report
  $ tenure elect nightly-report '{"zone":"b"}' --id me    the value is metadata, for observers
  $ tenure elect nightly-report --once                    exits with 76 when leadership is lost
`;

export function addElect(program: Command): void {
  program
    .command('elect')
    .summary('stand for election, and hold it')
    .description('Stand for election, hold what is won, and tell how it goes, until Ctrl-C.')
    .argument('<key>', 'what is led')
    .argument('[value]', 'metadata about us, for others to see: JSON or text')
    .option('--once', 'end when leadership is lost')
    .addHelpText('after', HELP)
    .action((key: string, value: string | undefined, options: { readonly once?: boolean }, self: Command) =>
      elect(key, value, options, self),
    );
}

async function elect(
  key: string,
  value: string | undefined,
  { once = false }: { readonly once?: boolean },
  self: Command,
): Promise<void> {
  const { settings, output } = contextOf(self);
  const tenure = await openTenure(settings, value === undefined ? {} : { metadata: jsonOf(value) });
  const election = tenure.election(key);
  const end = new End();
  const silent = tellCandidacy(election, output);
  election.lost.subscribe(({ term: { token }, reason }) => {
    if (once) end.come(new Exit(exitCodes.lost, `lost "${key}", token ${token}: ${reason}`));
  });
  election.errors.subscribe((error) => {
    // Waiting does not mend a wrong password.
    if (error instanceof AccessDeniedError && !election.term) end.come(error);
  });
  try {
    election.start();
    await end.reached();
  } finally {
    await election.stop();
    silent();
    await tenure.close();
    end.close();
  }
}
