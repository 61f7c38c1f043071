import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { storesIn, wholeNumber } from '../chaos/arguments.ts';
import { venueKinds } from '../servers/venue.ts';

export const storeNames = [...venueKinds, 'memory'] as const;
export type StoreName = (typeof storeNames)[number];

const scenarioNames = ['uncontended', 'contended', 'handover', 'crash', 'scale', 'observe', 'core'] as const;
export type ScenarioName = (typeof scenarioNames)[number];

export interface Settings {
  readonly scenarios: readonly ScenarioName[];
  readonly stores: readonly StoreName[];
  /** A server of the user's own, instead of the ones that are started here. */
  readonly url: string | undefined;
  /** All that is written to a server begins with it. */
  readonly namespace: string;
  readonly runs: number;
  /** Of one contestant in one run, one after another; what takes longer is done in proportion. */
  readonly count: number;
  readonly keys: readonly number[];
  readonly waiters: number;
  readonly contendMs: number;
  readonly ttlMs: number;
  /** Where all samples go, as JSON. */
  readonly json: string | undefined;
  /** The folder where charts go, as SVG. */
  readonly charts: string | undefined;
}

/** @throws for what makes no sense, quoting it */
export function settingsFrom(args: readonly string[]): Settings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: 'string', multiple: true, default: [] },
      store: { type: 'string', multiple: true, default: [] },
      url: { type: 'string' },
      namespace: { type: 'string' },
      runs: { type: 'string' },
      count: { type: 'string' },
      keys: { type: 'string', default: '1000,10000' },
      waiters: { type: 'string' },
      'contend-ms': { type: 'string' },
      ttl: { type: 'string' },
      json: { type: 'string' },
      charts: { type: 'string' },
    },
  });
  const { url, json, charts } = values;
  if (url !== undefined && values.store.length > 0)
    throw new Error('--store starts servers and --url names one that runs: give one of them');
  return {
    scenarios: storesIn(values.scenario, scenarioNames),
    stores: url === undefined ? storesIn(values.store, storeNames) : [storeOf(url)],
    url,
    namespace: values.namespace ?? `bench-${randomBytes(4).toString('hex')}`,
    runs: wholeNumber(values.runs, 5),
    count: wholeNumber(values.count, 300),
    keys: values.keys.split(',').map((text) => wholeNumber(text, 1)),
    waiters: wholeNumber(values.waiters, 32),
    contendMs: wholeNumber(values['contend-ms'], 4000),
    ttlMs: wholeNumber(values.ttl, 3000),
    json,
    charts,
  };
}

const schemes: Readonly<Record<string, StoreName>> = {
  etcd: 'etcd',
  consul: 'consul',
  redis: 'redis',
  rediss: 'redis',
  postgres: 'postgres',
  postgresql: 'postgres',
  mysql: 'mariadb',
  mariadb: 'mariadb',
  sqlite: 'sqlite',
};

/** @throws for a URL of no store that has a server or a file */
function storeOf(url: string): StoreName {
  const [scheme = ''] = url.split(':', 1);
  const store = schemes[scheme];
  if (!store)
    throw new Error(`--url "${scheme}:…": it must begin with one of ${Object.keys(schemes).join(':, ')}:`);
  return store;
}
