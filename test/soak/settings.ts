import { parseArgs } from 'node:util';
import { venueKinds } from '../servers/venue.ts';
import type { VenueKind } from '../servers/venue.ts';

export interface Settings {
  readonly minutes: number;
  readonly kinds: readonly VenueKind[];
  readonly keys: number;
  readonly processes: number;
  readonly ttlMs: number;
  readonly seed: number;
}

/** @throws for what makes no sense, quoting it */
export function settingsFrom(args: readonly string[]): Settings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '30' },
      store: { type: 'string', multiple: true, default: ['etcd'] },
      keys: { type: 'string', default: '2000' },
      processes: { type: 'string', default: '5' },
      'ttl-ms': { type: 'string', default: '15000' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    },
  });
  return {
    minutes: numberFrom('minutes', values.minutes, { least: 0.1 }),
    kinds: values.store.map((name) => {
      const kind = venueKinds.find((known) => known === name);
      if (!kind)
        throw new Error(`--store ${name}: there is no such store; give one of ${venueKinds.join(', ')}`);
      return kind;
    }),
    keys: numberFrom('keys', values.keys, { least: 1, whole: true }),
    processes: numberFrom('processes', values.processes, { least: 2, whole: true }),
    ttlMs: numberFrom('ttl-ms', values['ttl-ms'], { least: 1000, whole: true }),
    seed: numberFrom('seed', values.seed, { least: 0, whole: true }),
  };
}

function numberFrom(
  name: string,
  text: string,
  { least, whole = false }: { readonly least: number; readonly whole?: boolean },
): number {
  const number = Number(text);
  if (
    text.trim() === '' ||
    !(number >= least) ||
    !Number.isFinite(number) ||
    (whole && !Number.isInteger(number))
  )
    throw new Error(`--${name} ${text}: give a ${whole ? 'whole ' : ''}number, at least ${least}`);
  return number;
}
