import { ClosedError, type Store, type Traits } from '@tenure/core/store';
import { checkup } from './checkup.ts';
import { Connection, shares } from './connection.ts';
import { layout } from './keys.ts';
import { Lookout } from './lookout.ts';
import { endSession, evict, holder, list, watch } from './observing.ts';
import { MAX_TTL_MS, settingsOf, type ConsulOptions } from './options.ts';
import { openSession } from './opening.ts';
import { Transactions } from './transactions.ts';
import { MAX_VALUE_BYTES, type Site } from './site.ts';

const KEEPS_WORD =
  'Consul answers through its raft leader and loses nothing that was acknowledged while a majority of its servers ' +
  'keeps its disks; a snapshot restored from the past brings back past holders. It ends a session between one and ' +
  'two TTLs after the last renewal, or sooner when it had lost its leader before; lock-delays are in the memory of one ' +
  'server only.';

/** Throws `InvalidArgumentError` for an option it does not know or a value it can't use. Connects when first asked. */
export function consul(options: ConsulOptions = {}): Store {
  const settings = settingsOf(options);
  const connection = new Connection(settings);
  const lookout = new Lookout({ connection, maxQueries: shares(settings.maxConnections).queries });
  const site: Site = {
    settings,
    connection,
    transactions: new Transactions(connection),
    lookout,
    layout: layout(settings.keyPrefix),
    delayRetryMs: settings.lockDelayMs === 0 ? 1000 : Math.min(1000, settings.lockDelayMs),
  };
  const traits: Traits = {
    minTtlMs: settings.minTtlMs,
    maxTtlMs: MAX_TTL_MS,
    maxValueBytes: MAX_VALUE_BYTES,
    wakes: 'push',
    fair: false,
    clock: 'monotonic',
    keepsWord: KEEPS_WORD,
  };
  /** Sent and not answered. */
  const opening = new Set<string>();
  const store: Store = {
    name: 'consul',
    traits,
    async open(request, signal) {
      const isRepeated = opening.has(request.id);
      opening.add(request.id);
      const session = await openSession(site, request, { isRepeated }, signal);
      opening.delete(request.id);
      return session;
    },
    holder: (key, signal) => holder(site, key, signal),
    watch: (key, signal) => watch(site, key, signal),
    list: (prefix, signal) => list(site, prefix, signal),
    evict: (key, token, { force }, signal) => evict(site, { key, token, force }, signal),
    endSession: (key, token, signal) => endSession(site, key, token, signal),
    // A URL may have given it a namespace since.
    checkup: (signal) => checkup(site, store.namespace, signal),
    async close() {
      connection.close();
      lookout.close(new ClosedError('the consul store was closed'));
    },
  };
  return store;
}
