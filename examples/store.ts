/** What the examples have in common: `--store URL` and `--for 10s`. */
import { parseArgs } from 'node:util';
import { openStore } from '@tenure/core';
import type { Store } from '@tenure/core';

export interface CommandLine {
  readonly store: Store;
  /** Aborts on Ctrl-C, and after `--for`. */
  readonly signal: AbortSignal;
}

const USAGE = `usage: [--store URL] [--for 10s], where URL is
  sqlite:./tenure.db                            a file that processes of this machine share
  etcd://127.0.0.1:2379      consul://127.0.0.1:8500      redis://127.0.0.1:6379
  postgres://user:password@127.0.0.1/database   mysql://user:password@127.0.0.1/database
  memory:                                       nobody outside this process can take part
`;

/** Ends the process, with 2 and what would be right, when the command line makes no sense. */
export async function commandLine(): Promise<CommandLine> {
  try {
    const { values } = parseArgs({
      options: { store: { type: 'string', default: 'sqlite:./tenure.db' }, for: { type: 'string' } },
    });
    return { store: await openStore(values.store), signal: stopSignal(values.for) };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    process.exit(2);
  }
}

function stopSignal(duration: string | undefined): AbortSignal {
  const stop = new AbortController();
  // Once: a second Ctrl-C ends the process at once.
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => stop.abort(new Error(`stopped by ${name}`)));
  }
  if (duration !== undefined) {
    const over = (): void => stop.abort(new Error(`${duration} are over`));
    setTimeout(over, milliseconds(duration)).unref();
  }
  return stop.signal;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

function milliseconds(duration: string): number {
  const [, count, unit = ''] = /^(\d+)(ms|s|m)$/.exec(duration) ?? [];
  if (count === undefined) throw new Error(`--for is a duration like 500ms, 10s or 2m, got "${duration}"`);
  return Number(count) * (UNITS[unit] ?? 1);
}

/** Resolves when the signal aborts, and keeps the process alive until then. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const alive = setInterval(() => {}, 60_000);
    const done = (): void => {
      clearInterval(alive);
      resolve();
    };
    if (signal.aborted) done();
    else signal.addEventListener('abort', done, { once: true });
  });
}
