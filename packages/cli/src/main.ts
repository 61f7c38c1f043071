#!/usr/bin/env node
import { CommanderError } from 'commander';
import { messageOf } from './command.ts';
import { codeOf, exitCodes } from './exit-codes.ts';
import { buildProgram } from './program.ts';

/** A reader that went away, as `head` does, is no trouble of ours. Commands that hold something hear of it themselves. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  if (process.stdout.listenerCount('error') === 1) process.exit(exitCodes.done);
});

const program = buildProgram();
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = codeOf(error);
  // Commander has said already what was wrong.
  const message = error instanceof CommanderError ? '' : messageOf(error);
  if (message !== '') {
    const { json = false } = program.opts<{ readonly json?: boolean }>();
    const row = { event: 'error', exitCode: process.exitCode, message };
    process.stderr.write(json ? `${JSON.stringify(row)}\n` : `tenure: ${message}\n`);
  }
}
