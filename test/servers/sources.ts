import type { DebianPackages } from './debian.ts';

export type ProgramName =
  | 'etcd'
  | 'etcdctl'
  | 'consul'
  | 'redis-server'
  | 'redis-cli'
  | 'redis8-server'
  | 'redis8-cli'
  | 'valkey-server'
  | 'valkey-cli'
  | 'postgres'
  | 'initdb'
  | 'psql'
  | 'pgbouncer'
  | 'mariadbd'
  | 'mariadb'
  | 'mariadb-install-db'
  | 'mysqld'
  | 'mysql';

/** Where a program may come from, and how to see that it is the right one and runs here. */
export interface Source {
  /** What it is called on this machine; undefined if only Debian's will do. */
  readonly command?: string;
  /** Where this machine may have it besides PATH; looked at first. */
  readonly folders?: readonly string[];
  readonly version: { readonly args: readonly string[]; readonly says: RegExp };
  readonly source: DebianPackages;
  /** In the folder of the unpacked packages. */
  readonly path: string;
}

/** etcd 3.5 is in Debian from trixie on, and Consul up to bullseye. */
const etcd: DebianPackages = {
  name: 'etcd-server',
  suites: ['sid', 'trixie'],
  packages: ['etcd-server'],
  libraries: 'none',
};
const etcdctl: DebianPackages = { ...etcd, name: 'etcd-client', packages: ['etcd-client'] };
const consul: DebianPackages = {
  name: 'consul',
  suites: ['bullseye'],
  packages: ['consul'],
  libraries: 'none',
};

/** The same versions on every Debian from 12 on. */
const bookworm = { suites: ['bookworm'], libraries: 'beside libc' } as const;
const redis: DebianPackages = { ...bookworm, name: 'redis', packages: ['redis-server', 'redis-tools'] };
const postgres: DebianPackages = {
  ...bookworm,
  name: 'postgres',
  packages: ['postgresql-15', 'postgresql-client-15'],
};
const pgbouncer: DebianPackages = { ...bookworm, name: 'pgbouncer', packages: ['pgbouncer'] };
const mariadb: DebianPackages = {
  ...bookworm,
  name: 'mariadb',
  packages: ['mariadb-server-core', 'mariadb-client-core'],
};

/** Newer than the libc of most machines. */
const sid = { suites: ['sid'], libraries: 'with libc' } as const;
const redis8: DebianPackages = { ...sid, name: 'redis8', packages: ['redis-server', 'redis-tools'] };
const valkey: DebianPackages = { ...sid, name: 'valkey', packages: ['valkey-server', 'valkey-tools'] };
const mysql: DebianPackages = {
  ...sid,
  name: 'mysql',
  packages: ['mysql-server-core', 'mysql-client-core'],
};

const POSTGRES_FOLDERS = ['/usr/lib/postgresql/*/bin'];
const postgresVersion = { args: ['--version'], says: /PostgreSQL\)? \d/ };
const mariadbVersion = { args: ['--version'], says: /MariaDB/ };
const mysqlVersion = { args: ['--no-defaults', '--version'], says: /Ver [89]\.(?!.*MariaDB)/ };

export const SOURCES: Record<ProgramName, Source> = {
  etcd: {
    command: 'etcd',
    version: { args: ['--version'], says: /etcd/ },
    source: etcd,
    path: 'usr/bin/etcd',
  },
  etcdctl: {
    command: 'etcdctl',
    version: { args: ['version'], says: /etcdctl/ },
    source: etcdctl,
    path: 'usr/bin/etcdctl',
  },
  consul: {
    command: 'consul',
    version: { args: ['version'], says: /Consul/ },
    source: consul,
    path: 'usr/bin/consul',
  },
  'redis-server': {
    command: 'redis-server',
    version: { args: ['--version'], says: /Redis server v=[78]/ },
    source: redis,
    path: 'usr/bin/redis-server',
  },
  'redis-cli': {
    command: 'redis-cli',
    version: { args: ['--version'], says: /redis-cli/ },
    source: redis,
    path: 'usr/bin/redis-cli',
  },
  'redis8-server': {
    command: 'redis-server',
    version: { args: ['--version'], says: /Redis server v=8/ },
    source: redis8,
    path: 'usr/bin/redis-server',
  },
  'redis8-cli': {
    command: 'redis-cli',
    version: { args: ['--version'], says: /redis-cli/ },
    source: redis8,
    path: 'usr/bin/redis-cli',
  },
  'valkey-server': {
    command: 'valkey-server',
    version: { args: ['--version'], says: /server v=/ },
    source: valkey,
    path: 'usr/bin/valkey-server',
  },
  'valkey-cli': {
    command: 'valkey-cli',
    version: { args: ['--version'], says: /valkey-cli/ },
    source: valkey,
    path: 'usr/bin/valkey-cli',
  },
  postgres: {
    command: 'postgres',
    folders: POSTGRES_FOLDERS,
    version: postgresVersion,
    source: postgres,
    path: 'usr/lib/postgresql/15/bin/postgres',
  },
  initdb: {
    command: 'initdb',
    folders: POSTGRES_FOLDERS,
    version: postgresVersion,
    source: postgres,
    path: 'usr/lib/postgresql/15/bin/initdb',
  },
  psql: {
    command: 'psql',
    folders: POSTGRES_FOLDERS,
    version: postgresVersion,
    source: postgres,
    path: 'usr/lib/postgresql/15/bin/psql',
  },
  pgbouncer: {
    command: 'pgbouncer',
    folders: ['/usr/sbin'],
    version: { args: ['--version'], says: /PgBouncer/ },
    source: pgbouncer,
    path: 'usr/sbin/pgbouncer',
  },
  mariadbd: {
    command: 'mariadbd',
    folders: ['/usr/sbin'],
    version: mariadbVersion,
    source: mariadb,
    path: 'usr/sbin/mariadbd',
  },
  mariadb: { command: 'mariadb', version: mariadbVersion, source: mariadb, path: 'usr/bin/mariadb' },
  'mariadb-install-db': {
    command: 'mariadb-install-db',
    version: { args: ['--help'], says: /datadir/ },
    source: mariadb,
    path: 'usr/bin/mariadb-install-db',
  },
  mysqld: {
    command: 'mysqld',
    folders: ['/usr/sbin'],
    version: mysqlVersion,
    source: mysql,
    path: 'usr/sbin/mysqld',
  },
  mysql: { command: 'mysql', version: mysqlVersion, source: mysql, path: 'usr/bin/mysql' },
};
