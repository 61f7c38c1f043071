import type { Command } from 'commander';
import { openStore } from '@tenure/core';
import { bounded, decodeRecord, deriveTiming, systemClock } from '@tenure/core/store';
import { contextOf } from '../command.ts';
import { Exit, UsageError, exitCodes } from '../exit-codes.ts';
import { printable } from '../printable.ts';
import { keyOf } from '../settings.ts';

const HELP = `
Without --force the holder is asked: it stops, lets go when its work has ended, and stands back for others. The key stays
closed until then, or until its time has run out. With --force the key is taken from it at once: until it has noticed,
which may take a third of its TTL, its term overlaps with the next, and only the token protects.

Exits with 1 when nobody holds the key.

Examples:
  $ tenure evict nightly-report
  $ tenure evict nightly-report --force
`;

const ASKED = 'it lets go when its work has ended; nobody else leads before that';
const FORCED = 'until it has noticed its term may overlap with the next: only the token protects';

export function addEvict(program: Command): void {
  program
    .command('evict')
    .summary('ask a holder to step down')
    .description('Ask the holder of a key to step down, or take the key from it.')
    .argument('<key>', 'what it leads or has locked')
    .option('--force', 'do not ask: take it')
    .addHelpText('after', HELP)
    .action((key: string, options: { readonly force?: boolean }, self: Command) => evict(key, options, self));
}

async function evict(name: string, options: { readonly force?: boolean }, self: Command): Promise<void> {
  const { settings, output } = contextOf(self);
  const { force = false } = options;
  if (name === '') throw new UsageError('evict needs the key of whom to evict, got ""');
  const store = await openStore(settings.store);
  try {
    const key = keyOf(name, settings, store);
    const { connectMs } = deriveTiming(settings.ttlMs, {}, store);
    const within = <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> =>
      bounded(systemClock, connectMs, work);
    const holder = await within((signal) => store.holder(key, signal));
    if (!holder) throw new Exit(exitCodes.no, `nobody holds "${name}"`);
    const { token, value } = holder;
    const record = decodeRecord(value);
    const leader = record?.id ?? value;
    const done = await within((signal) => store.evict(key, token, { force }, signal));
    if (!done) throw new Exit(exitCodes.no, refusal(name, leader, record === undefined && !force));
    const what = force ? `took "${name}" from` : `asked the holder of "${name}" to let go,`;
    output.tell({
      event: force ? 'taken' : 'asked',
      text: `${what} ${printable(leader)}, token ${token}; ${force ? FORCED : ASKED}`,
      fields: { key: name, leader, token, forced: force },
    });
  } finally {
    await store.close();
  }
}

const refusal = (key: string, leader: string, isForeign: boolean): string =>
  isForeign
    ? `"${key}" is held by another program (${printable(leader)}), which cannot be asked: --force takes the key from it`
    : `${printable(leader)} has let go of "${key}" meanwhile`;
