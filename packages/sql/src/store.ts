/** The store in two tables of a SQL database, the same for all of them. */
import type { Checkup, Store, Traits } from '@tenure/core/store';
import type { Database } from './database.ts';
import { ask, endSession, force } from './lease/eviction.ts';
import { holder, list, watch } from './lease/observing.ts';
import { openSession } from './lease/opening.ts';
import { Purge } from './lease/purge.ts';
import { LeaseSession } from './lease/session.ts';
import { MAX_VALUE_BYTES, Site } from './lease/site.ts';
import type { CommonSettings } from './options.ts';
import { tablesOf } from './tables.ts';

export interface SqlStoreOptions {
  /** The store's name: `postgres`. */
  readonly name: string;
  readonly database: Database;
  readonly settings: CommonSettings;
  /** What this database can lose, and when; `Traits.keepsWord`. */
  readonly keepsWord: string;
  /** What only this database can tell of itself; `Store.checkup`. */
  readonly checkup?: (signal: AbortSignal) => Promise<Checkup>;
}

/** Sessions live by the database's clock, and that is asked on the way. */
const TTL_MS = { min: 100, max: 365 * 24 * 3600 * 1000 };

export function createSqlStore({ name, database, settings, keepsWord, checkup }: SqlStoreOptions): Store {
  const { tables, clock, retainMs, migrate, namespace } = settings;
  const site = new Site({ database, tables: tablesOf(database.dialect, tables), clock, retainMs, migrate });
  const purge = new Purge(site);
  const traits: Traits = {
    minTtlMs: TTL_MS.min,
    maxTtlMs: TTL_MS.max,
    maxValueBytes: MAX_VALUE_BYTES,
    wakes: database.listen ? 'push' : 'poll',
    fair: false,
    clock: 'wall',
    keepsWord,
  };
  let closed: Promise<void> | undefined;
  return {
    name,
    traits,
    ...(namespace === undefined ? {} : { namespace }),
    async open(request, signal) {
      const session = new LeaseSession(site, purge, await openSession(site, request, traits, signal));
      purge.start();
      return session;
    },
    holder: (key, signal) => holder(site, key, signal),
    watch: (key, signal) => watch(site, key, signal),
    list: (prefix, signal) => list(site, prefix, signal),
    evict: (key, token, options, signal) => (options.force ? force : ask)(site, key, token, signal),
    endSession: (key, token, signal) => endSession(site, key, token, signal),
    ...(checkup && {
      async checkup(signal) {
        signal.throwIfAborted();
        site.closing.throwIfAborted();
        return checkup(signal);
      },
    }),
    close() {
      closed ??= (async () => {
        site.close();
        await purge.finished();
        await database.close();
      })();
      return closed;
    },
  };
}

/** What became of the tables, by their names in quotes. */
export interface Migrated {
  /** False when everything was there already. */
  readonly made: boolean;
  readonly tables: readonly string[];
}

/** Makes the tables and indexes unless they are there. Safe when many do it at once. */
export async function migrateTables(
  database: Database,
  settings: Pick<CommonSettings, 'tables'>,
  signal: AbortSignal = new AbortController().signal,
): Promise<Migrated> {
  const tables = tablesOf(database.dialect, settings.tables);
  const made = await database.migrate(database.dialect.createTables(tables), signal);
  return { made, tables: [tables.sessions, tables.locks] };
}
