import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from './cluster.ts';
import { addressesInEnvironment, externalCluster } from './external.ts';
import { firstBytes } from './first-bytes.ts';
import { startOwn, type MemberPlan } from './own.ts';
import { runProgram, startClient, type Program } from './program.ts';
import { findProgram, getProgram } from './programs.ts';
import { makeData } from './template.ts';

type MariadbFlavour = 'mariadb' | 'mysql';

export interface MariadbOptions {
  /** Never a server named by the environment: for tests that kill, suspend or restart. */
  readonly own?: boolean;
  /** Of the user root, who otherwise needs none. */
  readonly password?: string;
  /** As in my.cnf. Nothing is forced onto the disk unless this says so: a kill loses nothing even so. */
  readonly settings?: Record<string, string>;
  readonly flavour?: MariadbFlavour;
}

export interface MariadbServer extends Cluster {
  readonly kind: MariadbFlavour;
}

/**
 * Starts MariaDB or MySQL, with an empty database `tenure`, on a free port of 127.0.0.1, or takes what TENURE_MARIADB
 * (TENURE_MYSQL) names, if nothing special was asked for.
 */
export async function startMariadb(options: MariadbOptions = {}): Promise<MariadbServer> {
  const { flavour = 'mariadb' } = options;
  const client = await findProgram(flavour);
  const cli = (urls: string[]) => mariadbCli(client, urls[0]!);
  const given = addressesInEnvironment(flavour);
  const special = options.own === true || options.password !== undefined || options.settings;
  if (given?.length === 1 && !special) {
    return { ...externalCluster(flavour, given, cli(given)), kind: flavour };
  }

  const program = await getProgram(flavour === 'mysql' ? 'mysqld' : 'mariadbd');
  const cluster = await startOwn({
    size: 1,
    portsPerMember: 1,
    plan: async ([port], folder) => [await planServer(program, port!, folder, options)],
    healthy: ({ port }) => greets(port),
  });
  const urls = cluster.members.map(({ url }) => url);
  return { kind: flavour, urls, members: cluster.members, cli: cli(urls), stop: () => cluster.stop() };
}

async function planServer(
  program: Program,
  port: number,
  folder: string,
  { flavour = 'mariadb', password, settings }: MariadbOptions,
): Promise<MemberPlan> {
  const data = join(folder, flavour);
  const version = /Ver ([\d.]+)/.exec(await runProgram(program, ['--no-defaults', '--version']))?.[1] ?? '';
  const template = `data-${flavour}-${version}`;
  await makeData(data, template, (first) => initialise(flavour, program, first));
  const setup = join(folder, 'setup.sql');
  await writeFile(setup, setupScript(password));
  const all = {
    'bind-address': '127.0.0.1',
    port: String(port),
    socket: join(data, 'socket'),
    'pid-file': join(data, 'pid'),
    'init-file': setup,
    'skip-name-resolve': 'ON',
    'innodb-flush-log-at-trx-commit': '2', // written at each commit, but not forced onto the disk
    'innodb-flush-method': 'nosync',
    ...settings,
  };
  const settingArgs = Object.entries(all).map(([name, value]) => `--${name}=${value}`);
  return {
    name: flavour,
    url: `mysql://root${password === undefined ? '' : `:${encodeURIComponent(password)}`}@127.0.0.1:${port}/tenure`,
    port,
    file: program.file,
    args: [...program.args, ...common(flavour, program), `--datadir=${data}`, ...settingArgs],
    env: program.env,
  };
}

/** What initialising and running have in common: the shape of the files, and where the server's own ones are. */
function common(flavour: MariadbFlavour, { folder }: Program): string[] {
  const shape = { 'innodb-buffer-pool-size': '16M' };
  const flavoured =
    flavour === 'mysql'
      ? {
          'innodb-redo-log-capacity': '8M',
          'disable-log-bin': 'ON',
          mysqlx: 'OFF',
          'performance-schema': 'OFF',
          'secure-file-priv': '',
        }
      : { 'innodb-log-file-size': '4M', 'max-connect-errors': '1000000' };
  const places = folder !== undefined && {
    basedir: join(folder, 'usr'),
    'lc-messages-dir': join(folder, 'usr/share/mysql'),
    'character-sets-dir': join(folder, 'usr/share/mysql/charsets'),
  };
  const root = process.getuid?.() === 0 && { user: 'root' }; // it has to be told that this is meant
  const all = { ...shape, ...flavoured, ...places, ...root };
  return ['--no-defaults', ...Object.entries(all).map(([name, value]) => `--${name}=${value}`)];
}

async function initialise(flavour: MariadbFlavour, program: Program, data: string): Promise<void> {
  if (flavour === 'mysql') {
    await runProgram(program, [...common(flavour, program), `--datadir=${data}`, '--initialize-insecure']);
    return;
  }
  const install = await getProgram('mariadb-install-db');
  const how = ['--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve'];
  await runProgram(install, [...common(flavour, program), `--datadir=${data}`, ...how]);
}

/** Run by the server at each start, before it answers anybody. MySQL has root only for the socket. */
function setupScript(password = ''): string {
  const secret = password.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
  const lines = [
    `CREATE USER IF NOT EXISTS root@'127.0.0.1' IDENTIFIED BY '';`,
    `ALTER USER root@'127.0.0.1' IDENTIFIED BY '${secret}';`,
    `GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;`,
    `CREATE DATABASE IF NOT EXISTS tenure;`,
  ];
  return `${lines.join('\n')}\n`;
}

/** The server speaks first: its version of the protocol, or an error. */
async function greets(port: number): Promise<boolean> {
  return (await firstBytes(port, 5))[4] === 10;
}

function mariadbCli(client: Program | undefined, url: string): Cluster['cli'] {
  const { hostname, port, username, password, pathname } = new URL(url);
  const where = ['--no-defaults', '--protocol=tcp', `--host=${hostname}`, `--port=${port || '3306'}`];
  const who = `--user=${decodeURIComponent(username) || 'root'}`;
  const database = `--database=${decodeURIComponent(pathname.slice(1)) || 'tenure'}`;
  const environment = { MYSQL_PWD: decodeURIComponent(password) };
  return (args, options) =>
    startClient('client of that server', client, [...where, who, database, ...args], environment, options);
}
