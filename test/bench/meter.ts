import { counters } from '../failover/cost.ts';
import type { Place } from './place.ts';
import { relayFor } from './relay.ts';

/** What a store is asked by everybody together, and the sessions that live there. */
export interface Meter extends AsyncDisposable {
  /** Where those who are counted reach the store. */
  readonly url: string;
  requests(): Promise<number>;
  sessions(): Promise<number>;
}

/** Undefined where nobody counts: in memory, and on a server of the user's own. */
export async function meterOf(place: Place): Promise<Meter | undefined> {
  const { store, cluster, file, url } = place;
  if (store === 'memory' || !(cluster ?? file)) return undefined;
  const { sessions, requests } = counters[store];
  const site = {
    get cluster() {
      if (!cluster) throw new Error(`${store} has no server`);
      return cluster;
    },
    venue: file === undefined ? {} : { file },
  };
  const relay = await relayFor(store, url);
  return {
    url: relay?.url ?? url,
    sessions: () => sessions(site),
    requests: async () => relay?.requests ?? requests(site, {}),
    [Symbol.asyncDispose]: async () => relay?.[Symbol.asyncDispose](),
  };
}
