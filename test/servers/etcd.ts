import { spawn, type SpawnOptions } from 'node:child_process';
import { join } from 'node:path';
import { findBinary, getBinary } from './binaries.ts';
import type { RaftCluster, TlsFiles } from './cluster.ts';
import { addressesInEnvironment, externalRaftCluster } from './external.ts';
import { onHost, type Host } from './hosts.ts';
import type { MemberPlan } from './own.ts';
import { cleanEnvironment } from './process.ts';
import { startRaft, type RaftView } from './raft.ts';
import { request } from './request.ts';

export interface EtcdOptions {
  readonly members?: 1 | 3;
  readonly tls?: TlsFiles;
  /**
   * Turns authentication on. The user may read and write all keys, and no more than that; root, with the same
   * password, may do everything.
   */
  readonly auth?: { readonly user: string; readonly password: string };
  readonly args?: readonly string[];
  /** One for each member; where there is none, it is on 127.0.0.1. */
  readonly hosts?: readonly Host[];
  /** Never a server named by the environment: for tests that kill, suspend or restart. */
  readonly own?: boolean;
}

export interface EtcdCluster extends RaftCluster {
  readonly kind: 'etcd';
}

/**
 * Starts etcd on free ports of 127.0.0.1, or of hosts, or takes what TENURE_ETCD names, if that has as many members and
 * nothing special was asked for.
 */
export async function startEtcd(options: EtcdOptions = {}): Promise<EtcdCluster> {
  const { members: size = 1, tls, auth } = options;
  const etcdctl = await findBinary('etcdctl');
  const cli =
    (urls: string[]) =>
    (args: string[], spawnOptions: SpawnOptions = {}) => {
      if (etcdctl === undefined) throw new Error('there is no etcdctl on this machine');
      const env = { ...cleanEnvironment(), ...clientEnvironment(urls, options), ...spawnOptions.env };
      return spawn(etcdctl, args, { ...spawnOptions, env });
    };

  const given = addressesInEnvironment('etcd');
  const special = options.own === true || tls || auth || options.args || options.hosts?.length;
  if (given?.length === size && !special) {
    return { ...externalRaftCluster('etcd', given, cli(given)), kind: 'etcd' };
  }

  const file = await getBinary('etcd');
  const cluster = await startRaft({
    size,
    portsPerMember: 2,
    plan: (ports, folder) => planMembers(file, ports, folder, options),
    healthy: async ({ url }) => (await request(`${url}/health`, { tls })).includes('"health":"true"'),
    view: (member) => view(member, options),
  });
  const urls = cluster.members.map(({ url }) => url);
  if (auth) await enableAuth(urls[0]!, auth, tls);
  return {
    kind: 'etcd',
    urls,
    members: cluster.members,
    leader: () => cluster.leader(),
    cli: cli(urls),
    stop: () => cluster.stop(),
  };
}

function planMembers(file: string, ports: number[], folder: string, options: EtcdOptions): MemberPlan[] {
  const { tls, args = [], hosts = [] } = options;
  const names = Array.from({ length: options.members ?? 1 }, (_, index) => `etcd-${index + 1}`);
  const address = (index: number) => hosts[index]?.address ?? '127.0.0.1';
  const peerUrl = (index: number) => `http://${address(index)}:${ports[2 * index + 1]}`;
  const cluster = names.map((name, index) => `${name}=${peerUrl(index)}`).join(',');
  const tlsArgs = tls
    ? ['--cert-file', tls.cert, '--key-file', tls.key, '--trusted-ca-file', tls.ca].concat(
        tls.clientCertAuth ? ['--client-cert-auth'] : [],
      )
    : [];
  return names.map((name, index) => {
    const port = ports[2 * index]!;
    const url = `${tls ? 'https' : 'http'}://${address(index)}:${port}`;
    const own = ['--name', name, '--data-dir', join(folder, name), '--log-level', 'error'];
    const client = ['--listen-client-urls', url, '--advertise-client-urls', url];
    const peer = ['--listen-peer-urls', peerUrl(index), '--initial-advertise-peer-urls', peerUrl(index)];
    const token = ['--initial-cluster', cluster, '--initial-cluster-token', folder];
    const all = [...own, ...client, ...peer, ...token, ...tlsArgs, ...args];
    const command = onHost(hosts[index], file, all);
    return { name, url, port, file: command.file, args: command.args };
  });
}

async function view({ url }: MemberPlan, { tls, auth }: EtcdOptions): Promise<RaftView> {
  const token = auth && (await logIn(url, auth.password, tls));
  const { header, leader } = await call<Status>(url, '/v3/maintenance/status', {}, tls, token);
  return { self: header.member_id, leader };
}

interface Status {
  readonly header: { readonly member_id: string };
  readonly leader?: string;
}

async function logIn(url: string, password: string, tls: TlsFiles | undefined): Promise<string> {
  const root = { name: 'root', password };
  return (await call<{ token: string }>(url, '/v3/auth/authenticate', root, tls)).token;
}

/** Over etcd's JSON gateway, so that servers with authentication can be had without etcdctl too. */
async function enableAuth(
  url: string,
  { user, password }: NonNullable<EtcdOptions['auth']>,
  tls: TlsFiles | undefined,
): Promise<void> {
  const run = (path: string, body: object) => call(url, `/v3/auth/${path}`, body, tls);
  await run('user/add', { name: 'root', password });
  await run('user/grant', { user: 'root', role: 'root' });
  if (user !== 'root') {
    const everyKey = { permType: 'READWRITE', key: 'AA==', range_end: 'AA==' }; // from the byte 0 to the end
    await run('role/add', { name: 'keys' });
    await run('role/grant', { name: 'keys', perm: everyKey });
    await run('user/add', { name: user, password });
    await run('user/grant', { user, role: 'keys' });
  }
  await run('enable', {});
}

async function call<T>(
  url: string,
  path: string,
  body: object,
  tls: TlsFiles | undefined,
  token?: string,
): Promise<T> {
  const headers = token === undefined ? {} : { Authorization: token };
  return JSON.parse(
    await request(url + path, { method: 'POST', headers, body: JSON.stringify(body), tls }),
  ) as T;
}

function clientEnvironment(urls: string[], { tls, auth }: EtcdOptions): Record<string, string> {
  return {
    ETCDCTL_API: '3',
    ETCDCTL_ENDPOINTS: urls.join(','),
    ...(tls && { ETCDCTL_CACERT: tls.ca, ETCDCTL_CERT: tls.cert, ETCDCTL_KEY: tls.key }),
    ...(auth && { ETCDCTL_USER: `${auth.user}:${auth.password}` }),
  };
}
