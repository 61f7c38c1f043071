import { Option } from 'commander';
import type { Command } from 'commander';
import { createTenure, defaults, openStore } from '@tenure/core';
import type { Json, Store, Tenure, TenureOptions } from '@tenure/core';
import type { Key } from '@tenure/core/store';
import { durationMs } from './duration.ts';
import { UsageError } from './exit-codes.ts';

/** What every command takes. */
export interface Settings {
  readonly store: string;
  readonly namespace: string | undefined;
  readonly ttlMs: number;
  readonly id: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
}

interface Given {
  readonly store?: string;
  readonly namespace?: string;
  readonly ttl?: string;
  readonly id?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function addSettings(program: Command): Command {
  return program
    .addOption(
      new Option('-s, --store <url>', 'where locks live: etcd://host:2379, redis://…, sqlite:./file.db').env(
        'TENURE_STORE',
      ),
    )
    .addOption(
      new Option('-n, --namespace <name>', 'prefix of the keys (default: "tenure")').env('TENURE_NAMESPACE'),
    )
    .option('--ttl <duration>', `how long the store waits for a silent process (default: "15s")`)
    .option('--id <name>', 'who we are, for others to see (default: host:pid:random)')
    .option('--json', 'one JSON object a line')
    .option('-q, --quiet', 'say nothing of what goes as it should');
}

/** @throws UsageError */
export function settingsOf(command: Command): Settings {
  const given: Given = command.optsWithGlobals();
  if (given.store === undefined || given.store === '')
    throw new UsageError('which store? Give --store URL, or set TENURE_STORE, as in etcd://127.0.0.1:2379');
  return {
    store: given.store,
    namespace: given.namespace,
    ttlMs: given.ttl === undefined ? defaults.ttlMs : durationMs('--ttl', given.ttl),
    id: given.id,
    json: given.json ?? false,
    quiet: given.quiet ?? false,
  };
}

/** Where the keys of these settings lie. */
export const keyOf = (name: string, { namespace }: Settings, store: Store): Key => ({
  namespace: namespace ?? store.namespace ?? defaults.namespace,
  name,
});

/** A value of the command line: JSON where it is JSON, else the text as it is. */
export function jsonOf(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

export interface Stand {
  readonly metadata?: Json;
  readonly timing?: TenureOptions['timing'];
}

/** @throws InvalidArgumentError for a URL or a TTL that makes no sense. */
export async function openTenure(settings: Settings, stand: Stand = {}): Promise<Tenure> {
  return tenureOn(await openStore(settings.store), settings, stand);
}

export function tenureOn(store: Store, settings: Settings, { metadata, timing }: Stand = {}): Tenure {
  const { namespace, ttlMs, id } = settings;
  return createTenure({
    store,
    ttlMs,
    ...(namespace === undefined ? {} : { namespace }),
    ...(timing === undefined ? {} : { timing }),
    candidate: {
      ...(id === undefined ? {} : { id }),
      ...(metadata === undefined ? {} : { metadata }),
    },
  });
}
