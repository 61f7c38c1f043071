import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { unprivilegedAccount, type Account } from './account.ts';
import type { Cluster } from './cluster.ts';
import { addressesInEnvironment, externalCluster } from './external.ts';
import { startOwn, type MemberPlan } from './own.ts';
import { acceptsPostgres } from './postgres-probe.ts';
import { runProgram, startClient, type Program } from './program.ts';
import { findProgram, getProgramFor } from './programs.ts';
import { makeData } from './template.ts';

export interface PostgresOptions {
  /** Never a server named by the environment: for tests that kill, suspend or restart. */
  readonly own?: boolean;
  /** Of the user postgres, who otherwise needs none. */
  readonly password?: string;
  /** As in postgresql.conf. Nothing is forced onto the disk unless this says so: a kill loses nothing even so. */
  readonly settings?: Record<string, string>;
  readonly maxConnections?: number;
}

export interface PostgresServer extends Cluster {
  readonly kind: 'postgres';
}

/** Starts PostgreSQL on a free port of 127.0.0.1, or takes what TENURE_POSTGRES names, if nothing special was asked for. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const psql = await findProgram('psql');
  const given = addressesInEnvironment('postgres');
  const special =
    options.own === true || options.password !== undefined || options.settings || options.maxConnections;
  if (given?.length === 1 && !special) {
    return { ...externalCluster('postgres', given, postgresCli(psql, given[0]!)), kind: 'postgres' };
  }

  const account = unprivilegedAccount();
  const program = await getProgramFor(account, 'postgres');
  const cluster = await startOwn({
    size: 1,
    portsPerMember: 1,
    plan: async ([port], folder) => [await planServer(program, account, port!, folder, options)],
    healthy: ({ port }) => acceptsPostgres(port),
  });
  const urls = cluster.members.map(({ url }) => url);
  return {
    kind: 'postgres',
    urls,
    members: cluster.members,
    cli: postgresCli(psql, urls[0]!),
    stop: () => cluster.stop(),
  };
}

async function planServer(
  program: Program,
  account: Account | undefined,
  port: number,
  folder: string,
  { password, maxConnections = 100, settings }: PostgresOptions,
): Promise<MemberPlan> {
  const data = join(folder, 'postgres');
  const version = /\d[\d.]*/.exec(await runProgram(program, ['--version']))?.[0] ?? '';
  await makeData(data, `data-postgres-${version}`, (first) => initialise(first, account), account);
  if (password !== undefined) await setPassword(program, account, data, password);
  const all = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: String(maxConnections),
    shared_buffers: '16MB',
    fsync: 'off',
    full_page_writes: 'off',
    jit: 'off',
    dynamic_shared_memory_type: 'mmap', // in the data folder, and gone with it
    ...settings,
  };
  const settingArgs = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return {
    name: 'postgres',
    url: `postgres://postgres${password === undefined ? '' : `:${encodeURIComponent(password)}`}@127.0.0.1:${port}/postgres`,
    port,
    file: program.file,
    args: [...program.args, '-D', data, ...settingArgs],
    env: program.env,
    cwd: data,
    account,
    tidy: () => tidy(data),
  };
}

async function initialise(data: string, account: Account | undefined): Promise<void> {
  const initdb = await getProgramFor(account, 'initdb');
  const how = ['--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync', '--wal-segsize=1'];
  await runProgram(initdb, ['-D', data, '-U', 'postgres', ...how], { account, cwd: data });
}

/** By the server itself, before it listens. */
async function setPassword(
  program: Program,
  account: Account | undefined,
  data: string,
  password: string,
): Promise<void> {
  const input = `ALTER ROLE postgres PASSWORD '${password.replaceAll("'", "''")}';\n`;
  await runProgram(program, ['--single', '-D', data, 'postgres'], { account, cwd: data, input });
  await writeFile(join(data, 'pg_hba.conf'), 'host all all 127.0.0.1/32 scram-sha-256\n');
}

/**
 * After SIGKILL there is a piece of shared memory left, which the machine has only so many of, and the file with the
 * old pid: when another process has that pid by now, the server would not start.
 */
async function tidy(data: string): Promise<void> {
  const file = join(data, 'postmaster.pid');
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n');
  const memory = lines[6]?.trim().split(/\s+/)[1];
  if (memory !== undefined) await promisify(execFile)('ipcrm', ['-m', memory]).catch(() => {});
  await rm(file, { force: true });
}

/** psql, for what can be reached by that URL. */
export function postgresCli(psql: Program | undefined, url: string): Cluster['cli'] {
  const { hostname, port, username, password, pathname } = new URL(url);
  const environment = {
    PGHOST: hostname,
    PGPORT: port || '5432',
    PGUSER: decodeURIComponent(username) || 'postgres',
    PGDATABASE: decodeURIComponent(pathname.slice(1)) || 'postgres',
    ...(password !== '' && { PGPASSWORD: decodeURIComponent(password) }),
  };
  return (args, options) => startClient('psql', psql, ['-X', ...args], environment, options);
}
