import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unprivilegedAccount } from './account.ts';
import type { Cluster } from './cluster.ts';
import { startOwn, type MemberPlan } from './own.ts';
import { acceptsPostgres } from './postgres-probe.ts';
import { postgresCli } from './postgres.ts';
import type { Program } from './program.ts';
import { findProgram, getProgramFor } from './programs.ts';
import { openTheWay } from './template.ts';

export interface PgBouncerOptions {
  readonly poolMode: 'session' | 'transaction' | 'statement';
  /** As in pgbouncer.ini. */
  readonly settings?: Record<string, string>;
}

export interface PgBouncer extends Cluster {
  readonly kind: 'pgbouncer';
}

/**
 * Starts PgBouncer on a free port of 127.0.0.1, between clients and the PostgreSQL server of that URL. It knows the
 * password, and asks its clients for none.
 */
export async function startPgBouncer(
  { urls: [upstream] }: Pick<Cluster, 'urls'>,
  options: PgBouncerOptions,
): Promise<PgBouncer> {
  const account = unprivilegedAccount();
  const program = await getProgramFor(account, 'pgbouncer');
  const cluster = await startOwn({
    size: 1,
    portsPerMember: 1,
    plan: async ([port], folder) => {
      const member = await planServer(program, port!, folder, new URL(upstream!), options);
      return [{ ...member, account }];
    },
    // Its answer says nothing of the server behind it, which may be one that a test has suspended.
    healthy: ({ port }) => acceptsPostgres(port),
  });
  const urls = cluster.members.map(({ url }) => url);
  return {
    kind: 'pgbouncer',
    urls,
    members: cluster.members,
    cli: postgresCli(await findProgram('psql'), urls[0]!),
    stop: () => cluster.stop(),
  };
}

async function planServer(
  program: Program,
  port: number,
  folder: string,
  upstream: URL,
  { poolMode, settings }: PgBouncerOptions,
): Promise<MemberPlan> {
  const place = join(folder, 'pgbouncer');
  await mkdir(place);
  await openTheWay(place);
  const configuration = join(place, 'pgbouncer.ini');
  const server: Record<string, string> = {
    host: upstream.hostname,
    port: upstream.port || '5432',
    user: decodeURIComponent(upstream.username) || 'postgres',
    ...(upstream.password !== '' && { password: decodeURIComponent(upstream.password) }),
  };
  const all = {
    listen_addr: '127.0.0.1',
    listen_port: String(port),
    unix_socket_dir: '',
    auth_type: 'any',
    pool_mode: poolMode,
    max_client_conn: '1000',
    ignore_startup_parameters: 'extra_float_digits,options',
    ...settings,
  };
  const words = Object.entries(server).map(([name, value]) => `${name}='${value.replaceAll("'", "''")}'`);
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`);
  await writeFile(configuration, `[databases]\n* = ${words.join(' ')}\n[pgbouncer]\n${lines.join('\n')}\n`);
  return {
    name: 'pgbouncer',
    url: `postgres://${server['user']!}@127.0.0.1:${port}${upstream.pathname}`,
    port,
    file: program.file,
    args: [...program.args, configuration],
    env: program.env,
    cwd: place,
  };
}
