import { execFile, spawn, type SpawnOptions } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findBinary, getBinary } from './binaries.ts';
import type { RaftCluster, TlsFiles } from './cluster.ts';
import { addressesInEnvironment, externalRaftCluster } from './external.ts';
import { onHost, type Host } from './hosts.ts';
import type { MemberPlan } from './own.ts';
import { cleanEnvironment } from './process.ts';
import { startRaft } from './raft.ts';
import { request } from './request.ts';

export interface ConsulOptions {
  readonly members?: 1 | 3;
  /** The shortest session TTL; 1 s unless named, so that tests are short. 'default' is Consul's own 10 s. */
  readonly ttlMinMs?: number | 'default';
  /** Denies everything without a token; the cluster's `token` may do everything. */
  readonly acl?: boolean;
  readonly tls?: TlsFiles;
  /** Unless named it is the agent's own limit, 200, which is part of what a client must live with. */
  readonly httpMaxConnsPerClient?: number;
  readonly datacenter?: string;
  /** One for each member; where there is none, it is on 127.0.0.1. */
  readonly hosts?: readonly Host[];
  /** Never a server named by the environment: for tests that kill, suspend or restart. */
  readonly own?: boolean;
}

export interface ConsulCluster extends RaftCluster {
  readonly kind: 'consul';
  readonly datacenter: string;
  /** The management token, with `acl`. */
  readonly token: string | undefined;
}

const MANAGEMENT_TOKEN = '7e9f9b8a-3c1d-4f0e-9a2b-5d6c7e8f9a0b';

/**
 * Starts Consul servers on free ports of 127.0.0.1, or of hosts, or takes what TENURE_CONSUL names, if that has as many
 * members and nothing special was asked for. (Its shortest session TTL is then its own: give it session_ttl_min = "1s".)
 */
export async function startConsul(options: ConsulOptions = {}): Promise<ConsulCluster> {
  const { members: size = 1, tls, acl, datacenter = 'dc1' } = options;
  const token = acl ? MANAGEMENT_TOKEN : undefined;
  const cli =
    (file: string | undefined, urls: string[]) =>
    (args: string[], spawnOptions: SpawnOptions = {}) => {
      if (file === undefined) throw new Error('there is no consul binary on this machine');
      const env = { ...cleanEnvironment(), ...clientEnvironment(urls, tls, token), ...spawnOptions.env };
      return spawn(file, args, { ...spawnOptions, env });
    };

  const given = addressesInEnvironment('consul');
  const special =
    options.own === true ||
    tls ||
    acl ||
    options.httpMaxConnsPerClient ||
    options.datacenter ||
    options.hosts?.length ||
    options.ttlMinMs;
  if (given?.length === size && !special) {
    const external = externalRaftCluster('consul', given, cli(await findBinary('consul'), given));
    return { ...external, kind: 'consul', datacenter, token };
  }

  const file = await getBinary('consul');
  const version = await minorVersion(file);
  const ask = async <T>(url: string) =>
    JSON.parse(await request(url, { tls, headers: token ? { 'X-Consul-Token': token } : {} })) as T;
  const cluster = await startRaft({
    size,
    portsPerMember: 3,
    plan: (ports, folder) => planMembers({ file, version, ports, folder }, { ...options, datacenter }),
    // Sessions hang on the node's check, which appears in the catalog some time after the leader was elected.
    healthy: async ({ name, url }) => {
      if ((await ask<string>(`${url}/v1/status/leader`)) === '') return false;
      const checks = await ask<{ CheckID: string; Status: string }[]>(
        `${url}/v1/health/node/${name}?consistent`,
      );
      return checks.some(({ CheckID, Status }) => CheckID === 'serfHealth' && Status === 'passing');
    },
    view: async ({ url, peer }) => ({ self: peer, leader: await ask<string>(`${url}/v1/status/leader`) }),
  });
  const urls = cluster.members.map(({ url }) => url);
  return {
    kind: 'consul',
    urls,
    members: cluster.members,
    datacenter,
    token,
    leader: () => cluster.leader(),
    cli: cli(file, urls),
    stop: () => cluster.stop(),
  };
}

interface Site {
  readonly file: string;
  readonly version: number;
  readonly ports: number[];
  readonly folder: string;
}

/** Where the other members reach it. */
interface Server extends MemberPlan {
  readonly peer: string;
}

function planMembers(site: Site, options: ConsulOptions): Server[] {
  const { file, ports, folder } = site;
  const { members: size = 1, tls, hosts = [] } = options;
  const address = (index: number) => hosts[index]?.address ?? '127.0.0.1';
  const serfPorts = ports.filter((_, index) => index % 3 === 2);
  return serfPorts.map((serf, index) => {
    const name = `consul-${index + 1}`;
    const port = ports[3 * index]!;
    const server = ports[3 * index + 1]!;
    const data = join(folder, name);
    mkdirSync(data, { recursive: true });
    const configuration = {
      ...shared(site, options),
      bind_addr: address(index),
      client_addr: address(index),
      node_name: name,
      data_dir: data,
      bootstrap_expect: size,
      ports: {
        http: tls ? -1 : port,
        https: tls ? port : -1,
        server,
        serf_lan: serf,
        serf_wan: -1,
        dns: -1,
        grpc: -1,
        ...(site.version >= 14 && { grpc_tls: -1 }),
      },
      ...(size > 1 && {
        retry_join: serfPorts.map((other, at) => `${address(at)}:${other}`),
        retry_interval: '200ms',
      }),
    };
    const configFile = join(folder, `${name}.json`);
    writeFileSync(configFile, JSON.stringify(configuration));
    const url = `${tls ? 'https' : 'http'}://${address(index)}:${port}`;
    const peer = `${address(index)}:${server}`;
    const command = onHost(hosts[index], file, ['agent', `-config-file=${configFile}`]);
    return { name, url, port, peer, file: command.file, args: command.args };
  });
}

function shared(site: Site, options: ConsulOptions): Record<string, unknown> {
  const { tls, ttlMinMs = 1000, httpMaxConnsPerClient } = options;
  return {
    server: true,
    datacenter: options.datacenter,
    log_level: 'warn',
    disable_host_node_id: true, // members on one machine would otherwise share an id
    disable_update_check: true,
    performance: { raft_multiplier: 1 }, // what production uses; the default makes failover five times as long
    // By default a killed server is dropped at once and comes back without a vote for ten seconds: a second kill
    // within that time would lose the majority for good.
    autopilot: { cleanup_dead_servers: false, server_stabilization_time: '1s' },
    ...(ttlMinMs !== 'default' && { session_ttl_min: `${ttlMinMs}ms` }),
    ...(httpMaxConnsPerClient && { limits: { http_max_conns_per_client: httpMaxConnsPerClient } }),
    ...(options.acl && {
      acl: {
        enabled: true,
        default_policy: 'deny',
        tokens: {
          [site.version >= 11 ? 'initial_management' : 'master']: MANAGEMENT_TOKEN,
          agent: MANAGEMENT_TOKEN,
        },
      },
    }),
    ...(tls && {
      ca_file: tls.ca,
      cert_file: tls.cert,
      key_file: tls.key,
      verify_incoming_https: tls.clientCertAuth === true,
    }),
  };
}

/** 8 for 1.8.7: some names in the configuration depend on it, and Consul refuses those it does not know. */
async function minorVersion(file: string): Promise<number> {
  const { stdout } = await promisify(execFile)(file, ['version'], { env: cleanEnvironment() });
  return Number(/v?1\.(\d+)/.exec(stdout)?.[1] ?? 8);
}

function clientEnvironment(
  urls: string[],
  tls: TlsFiles | undefined,
  token: string | undefined,
): Record<string, string> {
  return {
    CONSUL_HTTP_ADDR: urls[0]!,
    ...(tls && { CONSUL_CACERT: tls.ca, CONSUL_CLIENT_CERT: tls.cert, CONSUL_CLIENT_KEY: tls.key }),
    ...(token && { CONSUL_HTTP_TOKEN: token }),
  };
}
