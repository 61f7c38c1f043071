import type { Cluster, Kind, Member } from './cluster.ts';

const VARIABLES = { etcd: 'TENURE_ETCD', consul: 'TENURE_CONSUL' } as const;

/** The addresses of servers that run already, if the environment names some. */
export function addressesInEnvironment(kind: Kind): string[] | undefined {
  const addresses = (process.env[VARIABLES[kind]] ?? '').split(',').map((address) => address.trim());
  const urls = addresses.filter((address) => address !== '').map((address) => address.replace(/\/+$/, ''));
  return urls.length === 0 ? undefined : urls;
}

/** Servers that somebody else started: they can be used, and nothing here can end, freeze or restart them. */
export function externalCluster(kind: Kind, urls: string[], cli: Cluster['cli']): Cluster {
  const refuse = (name: string): never => {
    throw new Error(
      `${name} was named by ${VARIABLES[kind]}, so it is not for tests to kill; ask for a server with own: true`,
    );
  };
  const members = urls.map((url): Member => {
    const port = Number(new URL(url).port);
    return {
      name: url,
      url,
      port,
      pid: undefined,
      alive: true,
      kill: async () => refuse(url),
      suspend: () => refuse(url),
      resume: () => refuse(url),
      restart: async () => refuse(url),
    };
  });
  return {
    kind,
    urls,
    members,
    leader: async () => {
      if (members.length === 1) return members[0]!;
      throw new Error(`which of ${urls.join(', ')} leads is known only for servers with own: true`);
    },
    cli,
    stop: async () => {},
  };
}
