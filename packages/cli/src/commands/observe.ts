import type { Command } from 'commander';
import { openStore } from '@tenure/core';
import type { Leader, Tenure } from '@tenure/core';
import { pause, systemClock } from '@tenure/core/store';
import { contextOf, messageOf } from '../command.ts';
import { durationMs } from '../duration.ts';
import { End } from '../end.ts';
import { Exit, UsageError, exitCodes } from '../exit-codes.ts';
import { heard } from '../heard.ts';
import type { Output } from '../output.ts';
import { tenureOn } from '../settings.ts';
import { tellSight } from '../sight.ts';
import { inOrder } from './leaders.ts';

interface Options {
  readonly every: string;
  readonly for?: string;
  readonly count?: string;
}

const HELP = `
A line for who holds the key now, and one for each change: time, key, leader or "nobody", token, metadata; between tabs in
a pipe. A key is watched, and no change of its holder is the last one to be seen. What ends in * is a prefix, as is no
argument at all: there everything is listed every second (--every), and who came and went in between is not seen.

Examples:
  $ tenure observe nightly-report
  $ tenure observe 'billing/*' --every 5s
  $ tenure observe nightly-report --count 1 --json    who leads now
`;

export function addObserve(program: Command): void {
  program
    .command('observe')
    .summary('one line for each change of who holds a key')
    .description('Tell who holds a key, or all keys with a prefix, and every change, until Ctrl-C.')
    .argument('[key]', 'or prefix* (default: everything in the namespace)')
    .option('--every <duration>', 'how often everything with a prefix is listed', '1s')
    .option('--for <duration>', 'end after so long, with 0')
    .option('--count <n>', 'end after so many lines, with 0')
    .addHelpText('after', HELP)
    .action((key: string | undefined, options: Options, self: Command) => observe(key ?? '*', options, self));
}

async function observe(pattern: string, options: Options, self: Command): Promise<void> {
  const { settings, output } = contextOf(self);
  const everyMs = durationMs('--every', options.every);
  if (everyMs === 0) throw new UsageError(`--every is more than 0, got "${options.every}"`);
  const forMs = options.for === undefined ? undefined : durationMs('--for', options.for);
  let left = options.count === undefined ? Infinity : countOf(options.count);
  const trouble = troubleTo(output);
  const tenure = tenureOn(heard(await openStore(settings.store), trouble.tell), settings);
  const end = new End();
  if (forMs !== undefined) end.after(forMs);
  const tell = (key: string, leader: Leader | undefined): void => {
    trouble.over();
    if (end.signal.aborted) return;
    tellSight(key, leader, output);
    left -= 1;
    if (left === 0) end.come(new Exit(exitCodes.done));
  };
  try {
    const prefix = pattern.endsWith('*') ? pattern.slice(0, -1) : undefined;
    // Proves that there is a store.
    const held = await tenure.leaders(prefix ?? pattern);
    if (prefix === undefined) tenure.observe(pattern).subscribe((leader) => tell(pattern, leader));
    else await follow(tenure, { prefix, held, everyMs, end, tell, trouble });
    await end.reached();
  } finally {
    await tenure.close();
    end.close();
  }
}

interface Following {
  readonly prefix: string;
  readonly held: readonly Leader[];
  readonly everyMs: number;
  readonly end: End;
  readonly tell: (key: string, leader: Leader | undefined) => void;
  readonly trouble: Trouble;
}

/** Tell what differs from one list to the next. */
async function follow(
  tenure: Tenure,
  { prefix, held, everyMs, end, tell, trouble }: Following,
): Promise<void> {
  let known: ReadonlyMap<string, Leader> = new Map();
  let next = held;
  while (!end.signal.aborted) {
    const seen = new Map(inOrder(next).map((leader) => [leader.key, leader]));
    for (const key of known.keys()) if (!seen.has(key)) tell(key, undefined);
    for (const [key, leader] of seen) {
      const before = known.get(key);
      if (before?.token !== leader.token || before.value !== leader.value) tell(key, leader);
    }
    known = seen;
    next = await listed(tenure, prefix, { everyMs, end, trouble });
  }
}

/** The next list, however long it takes. Rejects with the reason of the end. */
async function listed(
  tenure: Tenure,
  prefix: string,
  { everyMs, end, trouble }: Pick<Following, 'everyMs' | 'end' | 'trouble'>,
): Promise<readonly Leader[]> {
  for (;;) {
    await pause(systemClock, everyMs, end.signal);
    try {
      const next = await tenure.leaders(prefix);
      trouble.over();
      return next;
    } catch (error) {
      trouble.tell(error);
    }
  }
}

interface Trouble {
  readonly tell: (error: unknown) => void;
  readonly over: () => void;
}

/** What fails again and again is told once. */
function troubleTo(output: Output): Trouble {
  let last = '';
  return {
    tell: (error) => {
      const message = messageOf(error);
      if (message === last) return;
      last = message;
      output.tell({
        event: 'trouble',
        text: `trouble, being retried: ${message}`,
        fields: { message },
        important: true,
      });
    },
    over: () => {
      if (last !== '') output.tell({ event: 'well', text: 'the store answers again' });
      last = '';
    },
  };
}

function countOf(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new UsageError(`--count is a whole number of lines, at least 1, got "${text}"`);
  return count;
}
