import { openStore } from '@tenure/core';
import type { Store } from '@tenure/core';
import { deriveTiming, redactUrl, storeModule } from '@tenure/core/store';
import { exitCodes } from '../exit-codes.ts';
import { keyOf } from '../settings.ts';
import type { Settings } from '../settings.ts';
import { bad, good } from './diagnosis.ts';
import type { Diagnosis } from './diagnosis.ts';
import { observing } from './observing.ts';
import { Patient } from './patient.ts';
import { Rounds } from './rounds.ts';
import { server } from './server.ts';
import { messageOf } from '../command.ts';

export interface Examining {
  readonly settings: Settings;
  /** Every wait ends with it. */
  readonly signal: AbortSignal;
  /** What is looked at now. */
  readonly begun: (what: string) => void;
}

/** From the outside in: what is wrong first makes everything after it moot. */
export async function* examine({ settings, signal, begun }: Examining): AsyncGenerator<Diagnosis> {
  begun('reading the URL');
  const store = await opened(settings.store);
  if ('check' in store) return yield store;
  try {
    yield good('url', `The URL is that of a ${store.name} store: ${redactUrl(settings.store)}`);
    const timing = timingFor(settings, store);
    if ('check' in timing) return yield timing;
    const patient = new Patient(store, timing, (name) => keyOf(name, settings, store), signal);
    begun('taking and giving back a key, five times');
    const rounds = new Rounds(patient);
    const found = await rounds.run();
    yield* found;
    if (rounds.isUnreachable) return;
    if (found.every(({ level }) => level !== 'bad')) {
      begun('watching a key');
      yield* await observing(patient);
    }
    begun('asking the server how it is');
    yield* await server(patient);
  } finally {
    await store.close();
  }
}

async function opened(url: string): Promise<Store | Diagnosis> {
  try {
    await storeModule(url);
    return await openStore(url);
  } catch (error) {
    return bad('url', messageOf(error), exitCodes.usage);
  }
}

function timingFor({ ttlMs }: Settings, store: Store): ReturnType<typeof deriveTiming> | Diagnosis {
  try {
    return deriveTiming(ttlMs, {}, store);
  } catch (error) {
    return bad('ttl', messageOf(error), exitCodes.usage);
  }
}
