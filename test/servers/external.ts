import type { Cluster, Kind, Member, RaftCluster, RaftKind } from './cluster.ts';

/** Where servers of a kind are named. */
export const variableOf = (kind: Kind): string => `TENURE_${kind.toUpperCase()}`;

/** Of a URL that names none. */
const DEFAULT_PORTS: Record<string, number> = {
  'http:': 80,
  'https:': 443,
  'redis:': 6379,
  'postgres:': 5432,
  'postgresql:': 5432,
  'mysql:': 3306,
  'mariadb:': 3306,
};

/** The addresses of servers that run already, if the environment names some. */
export function addressesInEnvironment(kind: Kind): string[] | undefined {
  const addresses = (process.env[variableOf(kind)] ?? '').split(',').map((address) => address.trim());
  const urls = addresses.filter((address) => address !== '').map((address) => address.replace(/\/+$/, ''));
  return urls.length === 0 ? undefined : urls;
}

/** Servers that somebody else started: they can be used, and nothing here can end, freeze or restart them. */
export function externalCluster(kind: Kind, urls: string[], cli: Cluster['cli']): Cluster {
  const refuse = (name: string): never => {
    throw new Error(
      `${name} was named by ${variableOf(kind)}, so it is not for tests to kill; ask for a server with own: true`,
    );
  };
  const members = urls.map((url): Member => {
    const { hostname, port: named, protocol } = new URL(url);
    const port = named === '' ? (DEFAULT_PORTS[protocol] ?? 0) : Number(named);
    return {
      name: url,
      url,
      host: hostname,
      port,
      pid: undefined,
      alive: true,
      kill: async () => refuse(url),
      suspend: () => refuse(url),
      resume: () => refuse(url),
      restart: async () => refuse(url),
      ready: async () => {},
    };
  });
  return { kind, urls, members, cli, stop: async () => {} };
}

export function externalRaftCluster(kind: RaftKind, urls: string[], cli: Cluster['cli']): RaftCluster {
  const cluster = externalCluster(kind, urls, cli);
  return {
    ...cluster,
    kind,
    leader: async () => {
      if (cluster.members.length === 1) return cluster.members[0]!;
      throw new Error(`which of ${urls.join(', ')} leads is known only for servers with own: true`);
    },
  };
}
