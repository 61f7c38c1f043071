import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster } from './cluster.ts';
import { addressesInEnvironment, externalCluster } from './external.ts';
import { startOwn, type MemberPlan } from './own.ts';
import { startClient, type Program } from './program.ts';
import { findProgram, getProgram } from './programs.ts';
import { joinMasters, servesCluster } from './redis-cluster.ts';
import { redisCommand, type RedisAddress } from './resp.ts';

type RedisFlavour = 'redis' | 'valkey' | 'redis8';

export interface RedisOptions {
  /** Never a server named by the environment: for tests that kill, suspend or restart. */
  readonly own?: boolean;
  readonly password?: string;
  /** How many more servers follow the first one; not with `cluster`. */
  readonly replicas?: number;
  /** Three masters that share the slots. */
  readonly cluster?: boolean;
  /** What was written is there again after a kill; otherwise a server starts empty. */
  readonly appendonly?: boolean;
  readonly flavour?: RedisFlavour;
  readonly args?: readonly string[];
}

export interface RedisServers extends Cluster {
  readonly kind: RedisFlavour;
  /** Of the first one, or of each master of a cluster; then those of its replicas. */
  readonly urls: string[];
}

/**
 * Starts Redis, or what stands in its place, on free ports of 127.0.0.1, or takes what TENURE_REDIS (TENURE_VALKEY,
 * TENURE_REDIS8) names, if nothing special was asked for.
 */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServers> {
  const { flavour = 'redis', password, replicas = 0, cluster: clustered = false } = options;
  const client = await findProgram(`${flavour}-cli`);
  const cli = (urls: string[]) => redisCli(client, urls[0]!, clustered);

  const given = addressesInEnvironment(flavour);
  const special =
    options.own === true ||
    password !== undefined ||
    replicas > 0 ||
    clustered ||
    options.appendonly ||
    options.args;
  if (given?.length === 1 && !special) {
    return { ...externalCluster(flavour, given, cli(given)), kind: flavour };
  }

  const program = await getProgram(`${flavour}-server`);
  let joined = false;
  const cluster = await startOwn({
    size: clustered ? 3 : 1 + replicas,
    portsPerMember: 2,
    plan: (ports, folder) => planMembers(program, ports, folder, options),
    healthy: async ({ port }, all) => {
      const server = { port, password };
      if ((await redisCommand(server, 'PING')) !== 'PONG') return false;
      const complete = all.every(({ answering }) => answering);
      if (clustered) return !joined || !complete || servesCluster(server);
      return port === all[0]!.port || !all[0]!.answering || followsIts(server);
    },
  });
  const stop = () => cluster.stop();
  if (clustered) {
    await joinMasters(
      cluster.members.map(({ plan }) => plan),
      password,
    ).catch(async (error: unknown) => {
      await stop();
      throw error;
    });
    joined = true;
  }
  const urls = cluster.members.map(({ url }) => url);
  return { kind: flavour, urls, members: cluster.members, cli: cli(urls), stop };
}

interface RedisPlan extends MemberPlan {
  /** For what the members of a cluster have to tell each other. */
  readonly busPort: number;
}

function planMembers(program: Program, ports: number[], folder: string, options: RedisOptions): RedisPlan[] {
  const { flavour = 'redis', password, cluster, appendonly, args = [] } = options;
  const [first] = ports;
  const count = ports.length / 2;
  return Array.from({ length: count }, (_, index) => {
    const name = `${flavour}-${index + 1}`;
    const port = ports[2 * index]!;
    const busPort = ports[2 * index + 1]!;
    const data = join(folder, name);
    mkdirSync(data);
    const settings: Record<string, string> = {
      port: String(port),
      bind: '127.0.0.1',
      dir: data,
      save: '',
      appendonly: appendonly ? 'yes' : 'no',
      ...(password !== undefined && { requirepass: password, masterauth: password }),
      ...(cluster
        ? { 'cluster-enabled': 'yes', 'cluster-port': String(busPort), 'cluster-node-timeout': '2000' }
        : index > 0 && { replicaof: `127.0.0.1 ${first}` }),
      'repl-diskless-sync-delay': '0', // a replica is there at once
    };
    return {
      name,
      url: `redis://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}127.0.0.1:${port}`,
      port,
      busPort,
      file: program.file,
      args: [...program.args, ...Object.entries(settings).flatMap(asArguments), ...args],
      env: program.env,
    };
  });
}

/** `replicaof` has two words, and so two arguments. */
const asArguments = ([name, value]: [string, string]): string[] => [
  `--${name}`,
  ...(name === 'replicaof' ? value.split(' ') : [value]),
];

async function followsIts(replica: RedisAddress): Promise<boolean> {
  return (await redisCommand(replica, 'INFO', 'replication')).includes('master_link_status:up');
}

function redisCli(client: Program | undefined, url: string, clustered: boolean): Cluster['cli'] {
  const { port, hostname, password } = new URL(url);
  const where = ['-h', hostname, '-p', port || '6379', ...(clustered ? ['-c'] : [])];
  const environment: Record<string, string> =
    password === '' ? {} : { REDISCLI_AUTH: decodeURIComponent(password) };
  return (args, options) => startClient('redis-cli', client, [...where, ...args], environment, options);
}
