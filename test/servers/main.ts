import { startConsul } from './consul.ts';
import { startEtcd } from './etcd.ts';
import type { Cluster } from './cluster.ts';

/** Real servers for a person to try things on: `pnpm servers [etcd|etcd3|consul|consul3 …]`. */
const STARTERS = {
  etcd: { variable: 'TENURE_ETCD', start: () => startEtcd({ own: true }) },
  etcd3: { variable: 'TENURE_ETCD', start: () => startEtcd({ members: 3, own: true }) },
  consul: { variable: 'TENURE_CONSUL', start: () => startConsul({ own: true }) },
  consul3: { variable: 'TENURE_CONSUL', start: () => startConsul({ members: 3, own: true }) },
} satisfies Record<string, { variable: string; start: () => Promise<Cluster> }>;

type Name = keyof typeof STARTERS;

async function main(args: string[]): Promise<void> {
  const unknown = args.filter((arg) => !(arg in STARTERS));
  if (unknown.length > 0) {
    process.stderr.write(
      `unknown: ${unknown.join(' ')}\nusage: pnpm servers [${Object.keys(STARTERS).join('|')} …]\n`,
    );
    process.exitCode = 2;
    return;
  }
  const names = args.length > 0 ? (args as Name[]) : (['etcd', 'consul'] as const);
  const ended = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });

  const clusters: Cluster[] = [];
  const started = await Promise.allSettled(
    names.map(async (name) => {
      const cluster = await STARTERS[name].start();
      clusters.push(cluster);
      return cluster;
    }),
  );
  try {
    for (const [index, result] of started.entries()) {
      if (result.status === 'rejected') throw result.reason;
      const { variable } = STARTERS[names[index]!];
      process.stdout.write(`export ${variable}=${result.value.urls.join(',')}   # ${names[index]}\n`);
    }
    process.stdout.write(
      '\nPut these lines into other terminals. Ctrl-C here stops the servers; their data goes with them.\n',
    );
    await ended;
  } finally {
    await Promise.all(clusters.map((cluster) => cluster.stop()));
  }
}

await main(process.argv.slice(2));
