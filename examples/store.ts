/** What the examples have in common: `--store URL`, `--for 10s`, and options of their own. */
import { log } from 'node:console';
import { parseArgs } from 'node:util';
import { openStore } from '@tenure/core';
import type { Store } from '@tenure/core';

export interface CommandLine<Name extends string> {
  readonly store: Store;
  /** Aborts on Ctrl-C, and after `--for`. */
  readonly signal: AbortSignal;
  /** Whole numbers, and durations in milliseconds. */
  readonly options: Readonly<Record<Name, number>>;
}

const USAGE = `usage: [--store URL] [--for 10s], where URL is
  sqlite:./tenure.db                            a file that processes of this machine share
  etcd://127.0.0.1:2379      consul://127.0.0.1:8500      redis://127.0.0.1:6379
  postgres://user:password@127.0.0.1/database   mysql://user:password@127.0.0.1/database
  memory:                                       nobody outside this process can take part
`;

/**
 * `own`: the program's own options and what each is when left out, which shows what it takes: `{ port: '0', ttl: '15s' }`.
 * Ends the process, with 2 and what would be right, when the command line makes no sense.
 */
export async function commandLine<Name extends string = never>(
  own?: Readonly<Record<Name, string>>,
): Promise<CommandLine<Name>> {
  const defaults = Object.entries<string>(own ?? {});
  try {
    const { values } = parseArgs({
      options: {
        store: { type: 'string', default: 'sqlite:./tenure.db' },
        for: { type: 'string' },
        ...Object.fromEntries(defaults.map(([name]) => [name, { type: 'string' as const }])),
      },
    });
    const given: Readonly<Record<string, string | undefined>> = values;
    const options = defaults.map(([name, usual]) => [name, quantity(name, given[name] ?? usual, usual)]);
    return {
      store: await openStore(values.store),
      signal: stopSignal(values.for),
      options: Object.fromEntries(options) as Record<Name, number>,
    };
  } catch (error) {
    const more = defaults.map(([name, usual]) => ` [--${name} ${usual}]`).join('');
    const usage = USAGE.replace(', where', `${more}, where`);
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
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
    setTimeout(over, milliseconds('for', duration)).unref();
  }
  return stop.signal;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

function milliseconds(name: string, duration: string): number {
  const [, count, unit = ''] = /^(\d+)(ms|s|m)$/.exec(duration) ?? [];
  if (count === undefined)
    throw new Error(`--${name} is a duration like 500ms, 10s or 2m, got "${duration}"`);
  return Number(count) * (UNITS[unit] ?? 1);
}

/** A whole number where the usual value is one, else a duration. */
function quantity(name: string, text: string, usual: string): number {
  if (!/^\d+$/.test(usual)) return milliseconds(name, text);
  if (!/^\d+$/.test(text)) throw new Error(`--${name} is a whole number, got "${text}"`);
  return Number(text);
}

/** With the process in front: several run in one terminal. */
export const say = (text: string): void => log(`${process.pid}: ${text}`);

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
