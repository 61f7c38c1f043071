/** A server of each kind, and stores of it that share nothing but the server, as processes do. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store } from '@tenure/core';
import { memory, MemorySpace } from '@tenure/core/memory';
import { consul } from '@tenure/consul';
import { etcd } from '@tenure/etcd';
import { redis } from '@tenure/redis';
import { migrate as migrateMysql, mysql } from '@tenure/sql/mysql';
import { migrate as migratePostgres, postgres } from '@tenure/sql/postgres';
import { sqlite } from '@tenure/sql/sqlite';
import { createPool } from 'mysql2';
import type { RowDataPacket } from 'mysql2';
import { Pool } from 'pg';
import { serverOrSkip } from '../servers/availability.ts';
import { startConsul } from '../servers/consul.ts';
import { startEtcd } from '../servers/etcd.ts';
import { startMariadb } from '../servers/mariadb.ts';
import { startPostgres } from '../servers/postgres.ts';
import { startRedis } from '../servers/redis.ts';
import type { Level, Pooled } from './levels.ts';

export interface Service {
  /** Another one each time. */
  open(): Store;
  stop(): Promise<void>;
  /** In rows with `levels`. */
  readonly pooled?: (level: Level) => Pooled;
}

interface Row {
  /** Short, so that waiting for its end is; the store grants it. */
  readonly shortTtlMs: number;
  readonly available: () => Promise<boolean>;
  readonly start: () => Promise<Service>;
  /** Connections have a default isolation level. */
  readonly levels: boolean;
}

const always = async (): Promise<boolean> => true;
const have = (kind: Parameters<typeof serverOrSkip>[0]) => async (): Promise<boolean> =>
  (await serverOrSkip(kind)) !== undefined;

export const stores = {
  memory: {
    shortTtlMs: 600,
    levels: false,
    available: always,
    start: async () => {
      const shared = new MemorySpace();
      return { open: () => memory({ shared }), stop: async () => {} };
    },
  },
  etcd: {
    shortTtlMs: 2000,
    levels: false,
    available: have('etcd'),
    start: async () => {
      const cluster = await startEtcd();
      return { open: () => etcd({ hosts: cluster.urls }), stop: () => cluster.stop() };
    },
  },
  consul: {
    shortTtlMs: 1000,
    levels: false,
    available: have('consul'),
    start: async () => {
      const cluster = await startConsul({ ttlMinMs: 1000 });
      const open = (): Store => consul({ addresses: cluster.urls, minTtlMs: 1000 });
      return { open, stop: () => cluster.stop() };
    },
  },
  redis: {
    shortTtlMs: 1000,
    levels: false,
    available: have('redis'),
    start: async () => {
      const server = await startRedis();
      const url = server.urls[0]!;
      return { open: () => redis({ url }), stop: () => server.stop() };
    },
  },
  postgres: {
    shortTtlMs: 1000,
    levels: true,
    available: have('postgres'),
    start: async () => {
      // Some eighty stores at once, of up to five connections.
      const server = await startPostgres({ maxConnections: 500 });
      const url = server.urls[0]!;
      await migratePostgres({ url });
      const pooled = (level: Level): Pooled => {
        const options = `-c default_transaction_isolation=${level.replaceAll(' ', '\\ ')}`;
        const pool = new Pool({ connectionString: url, options, max: 10 });
        return {
          store: () => postgres({ pool }),
          level: async () => {
            const { rows } = await pool.query<Record<string, string>>('SHOW default_transaction_isolation');
            return rows[0]!['default_transaction_isolation']!;
          },
          end: () => pool.end(),
        };
      };
      return { open: () => postgres({ url }), stop: () => server.stop(), pooled };
    },
  },
  mariadb: {
    shortTtlMs: 1000,
    levels: true,
    available: have('mariadb'),
    start: async () => {
      const server = await startMariadb({ settings: { 'max-connections': '500' } });
      const url = server.urls[0]!;
      await migrateMysql({ url });
      const pooled = (level: Level): Pooled => {
        const pool = createPool({ uri: url, connectionLimit: 10 });
        pool.on('connection', (connection) => {
          connection.query(`SET SESSION TRANSACTION ISOLATION LEVEL ${level}`);
        });
        return {
          store: () => mysql({ pool }),
          level: async () => {
            const [rows] = await pool
              .promise()
              .query<RowDataPacket[]>('SELECT @@session.tx_isolation AS level');
            return String(rows[0]!['level']);
          },
          end: () => pool.promise().end(),
        };
      };
      return { open: () => mysql({ url }), stop: () => server.stop(), pooled };
    },
  },
  sqlite: {
    shortTtlMs: 1000,
    levels: false,
    available: always,
    start: async () => {
      const folder = await mkdtemp(join(tmpdir(), 'tenure-seeds-'));
      const file = join(folder, 'tenure.db');
      return { open: () => sqlite({ file }), stop: () => rm(folder, { recursive: true }) };
    },
  },
} satisfies Record<string, Row>;

export type Kind = keyof typeof stores;
