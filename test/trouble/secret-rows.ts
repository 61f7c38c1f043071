import { readFileSync } from 'node:fs';
import { openUrl as consul } from '@tenure/consul';
import type { Store } from '@tenure/core';
import { openUrl as etcd } from '@tenure/etcd';
import { openUrl as redis } from '@tenure/redis';
import { openUrl as mysql } from '@tenure/sql/mysql';
import { openUrl as postgres } from '@tenure/sql/postgres';
import type { Certificates } from '../servers/certificates.ts';
import type { Cluster, Kind } from '../servers/cluster.ts';
import { startConsul } from '../servers/consul.ts';
import { startEtcd } from '../servers/etcd.ts';
import { startMariadb } from '../servers/mariadb.ts';
import { startPostgres } from '../servers/postgres.ts';
import { startRedis } from '../servers/redis.ts';
import { startTlsFront } from './tls-front.ts';

/** A scheme of store URLs, and a server that asks for a password. */
export interface Row {
  readonly scheme: string;
  /** Of the scheme's package. */
  readonly openUrl: (url: string) => Store;
  readonly kind: Kind;
  /** What stands before the password, with its colon. */
  readonly user: string;
  /** What stands behind the host. */
  readonly path: string;
  readonly query?: string;
  /** Starts a server with that password; or with one of its own, and then says so. */
  start(password: string): Promise<{ readonly cluster: Cluster; readonly password: string }>;
  /** Starts a server whose certificate nobody trusts who is told nothing; and what asks for TLS in the URL. */
  readonly tls?: {
    readonly scheme?: string;
    start(certificates: Certificates): Promise<{ readonly urls: readonly string[]; stop(): Promise<void> }>;
    readonly query: (client: Certificates['client']) => string;
  };
}

const read = (file: string): string => readFileSync(file, 'utf8');
const files = ({ ca, cert, key }: Certificates['client']): string => `ca=${ca}&cert=${cert}&key=${key}`;

export const rows: readonly Row[] = [
  {
    scheme: 'etcd',
    openUrl: etcd,
    kind: 'etcd',
    user: 'tenure:',
    path: '/ns',
    start: async (password) => ({
      cluster: await startEtcd({ auth: { user: 'tenure', password } }),
      password,
    }),
    tls: { start: ({ server }) => startEtcd({ tls: server }), query: files },
  },
  {
    scheme: 'consul',
    openUrl: consul,
    kind: 'consul',
    user: ':',
    path: '/ns',
    start: async () => {
      const cluster = await startConsul({ acl: true });
      return { cluster, password: cluster.token ?? '' };
    },
    tls: { start: ({ server }) => startConsul({ tls: server }), query: files },
  },
  {
    scheme: 'redis',
    openUrl: redis,
    kind: 'redis',
    user: ':',
    path: '/0',
    start: async (password) => ({ cluster: await startRedis({ password }), password }),
    tls: { scheme: 'rediss', start: ({ server }) => startTlsFront(server), query: () => 'namespace=ns' },
  },
  {
    scheme: 'postgres',
    openUrl: postgres,
    kind: 'postgres',
    user: 'postgres:',
    path: '/postgres',
    query: 'migrate=auto',
    start: async (password) => ({ cluster: await startPostgres({ password }), password }),
    tls: {
      start: ({ server }) => startTlsFront(server, 'S'),
      query: ({ ca, cert, key }) => `sslmode=verify-full&sslrootcert=${ca}&sslcert=${cert}&sslkey=${key}`,
    },
  },
  {
    scheme: 'mariadb',
    openUrl: mysql,
    kind: 'mariadb',
    user: 'root:',
    path: '/tenure',
    query: 'migrate=auto',
    start: async (password) => ({ cluster: await startMariadb({ password }), password }),
    tls: {
      start: ({ server: { cert, key } }) => startMariadb({ settings: { 'ssl-cert': cert, 'ssl-key': key } }),
      query: ({ ca, cert, key }) => {
        const ssl = { ca: read(ca), cert: read(cert), key: read(key), rejectUnauthorized: true };
        return `ssl=${encodeURIComponent(JSON.stringify(ssl))}`;
      },
    },
  },
];
