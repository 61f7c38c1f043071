import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '@tenure/core';
import type { Store } from '@tenure/core';
import { memory, MemorySpace } from '@tenure/core/memory';
import { migrate as migrateMysql } from '@tenure/sql/mysql';
import { migrate as migratePostgres } from '@tenure/sql/postgres';
import type { Cluster } from '../servers/cluster.ts';
import { startConsul } from '../servers/consul.ts';
import { startEtcd } from '../servers/etcd.ts';
import { startMariadb } from '../servers/mariadb.ts';
import { startPostgres } from '../servers/postgres.ts';
import { startRedis } from '../servers/redis.ts';
import type { StoreName } from './arguments.ts';

/** A store to measure on. */
export interface Place extends AsyncDisposable {
  readonly store: StoreName;
  readonly url: string;
  /** Undefined where there is no server, and where it is the user's own. */
  readonly cluster: Cluster | undefined;
  /** Where SQLite's database lies. */
  readonly file: string | undefined;
  /** How many TTLs the store takes at most to give a silent session's keys to others. */
  readonly expiryTtls: number;
  /** One more client's. */
  openStore(): Promise<Store>;
}

/** Consul gives nobody a shorter TTL than 10 s unless it is told to. */
const CONSUL_MIN_TTL_MS = 1000;
/** Each waiter is a client of its own, all of one address. */
const CONNECTIONS = 4000;

/** The user's own server. */
export const placeAt = (store: StoreName, url: string): Place => at(store, url);

/** A server of our own, which forces its writes onto the disk as it would in production. */
export async function placeFor(store: StoreName): Promise<Place> {
  switch (store) {
    case 'etcd': {
      const cluster = await startEtcd({ own: true });
      return at(store, `etcd://${new URL(cluster.urls[0]!).host}`, cluster);
    }
    case 'consul': {
      const limits = { ttlMinMs: CONSUL_MIN_TTL_MS, httpMaxConnsPerClient: CONNECTIONS };
      const cluster = await startConsul({ own: true, ...limits });
      return at(store, `consul://${new URL(cluster.urls[0]!).host}?minTtlMs=${CONSUL_MIN_TTL_MS}`, cluster);
    }
    case 'redis': {
      const cluster = await startRedis({ own: true, appendonly: true });
      return at(store, cluster.urls[0]!, cluster);
    }
    case 'postgres': {
      const settings = { fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on' };
      const cluster = await startPostgres({ own: true, maxConnections: 400, settings });
      await migratePostgres({ url: cluster.urls[0]! });
      return at(store, cluster.urls[0]!, cluster);
    }
    case 'mariadb': {
      const settings = {
        'innodb-flush-log-at-trx-commit': '1',
        'innodb-flush-method': 'fsync',
        'max-connections': '400',
      };
      const cluster = await startMariadb({ own: true, settings });
      await migrateMysql({ url: cluster.urls[0]! });
      return at(store, cluster.urls[0]!, cluster);
    }
    case 'sqlite': {
      const folder = await mkdtemp(join(tmpdir(), 'tenure-bench-'));
      const file = join(folder, 'tenure.db');
      const close = (): Promise<void> => rm(folder, { recursive: true, force: true });
      return { ...at(store, `sqlite:${file}`), file, [Symbol.asyncDispose]: close };
    }
    case 'memory':
      return at(store, 'memory:');
  }
}

function at(store: StoreName, url: string, cluster?: Cluster): Place {
  const shared = new MemorySpace();
  return {
    store,
    url,
    cluster,
    file: undefined,
    expiryTtls: store === 'consul' ? 2 : 1,
    openStore: async () => (store === 'memory' ? memory({ shared }) : openStore(url)),
    [Symbol.asyncDispose]: async () => cluster?.stop(),
  };
}
