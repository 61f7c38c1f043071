/** What the examples have in common: `--store memory: | etcd://host:2379,… | consul://host:8500` and `--for 10s`. */
import { parseArgs } from 'node:util';
import type { Store } from '@tenure/core';
import { memory } from '@tenure/core/memory';
import { consul } from '@tenure/consul';
import { etcd } from '@tenure/etcd';

export interface CommandLine {
  readonly store: Store;
  /** Aborts on Ctrl-C, and after `--for`. */
  readonly signal: AbortSignal;
}

/** Ends the process, with 2 and what would be right, when the command line makes no sense. */
export function commandLine(): CommandLine {
  try {
    const { values } = parseArgs({
      options: { store: { type: 'string', default: 'memory:' }, for: { type: 'string' } },
    });
    return { store: openStore(values.store), signal: stopSignal(values.for) };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.stderr.write(
      'usage: [--store memory: | etcd://127.0.0.1:2379 | consul://127.0.0.1:8500] [--for 10s]\n',
    );
    process.exit(2);
  }
}

function openStore(url: string): Store {
  const [, scheme, hosts = ''] = /^(\w+):(?:\/\/)?(.*)$/.exec(url) ?? [];
  const addresses = hosts.split(',').map((host) => `http://${host}`);
  switch (scheme) {
    case 'memory':
      process.stderr.write('memory: nobody outside this process can take part; see --store\n');
      return memory();
    case 'etcd':
      return etcd({ hosts: addresses });
    case 'consul':
      return consul({ addresses });
    default:
      throw new Error(`no store is called "${url}"`);
  }
}

function stopSignal(duration: string | undefined): AbortSignal {
  const stop = new AbortController();
  // Once: a second Ctrl-C ends the process at once.
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => stop.abort(new Error(`stopped by ${name}`)));
  }
  if (duration === undefined) return stop.signal;
  return AbortSignal.any([stop.signal, AbortSignal.timeout(milliseconds(duration))]);
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
