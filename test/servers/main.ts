import { once } from 'node:events';
import { startConsul } from './consul.ts';
import { startEtcd } from './etcd.ts';
import type { Cluster } from './cluster.ts';
import { variableOf } from './external.ts';
import { startMariadb } from './mariadb.ts';
import { startPostgres } from './postgres.ts';
import { startRedis } from './redis.ts';

/** Real servers for a person to try things on: `pnpm servers [etcd|etcd3|redis …]`. */
const STARTERS = {
  etcd: () => startEtcd({ own: true }),
  etcd3: () => startEtcd({ members: 3, own: true }),
  consul: () => startConsul({ own: true }),
  consul3: () => startConsul({ members: 3, own: true }),
  redis: () => startRedis({ own: true }),
  'redis-cluster': () => startRedis({ cluster: true, own: true }),
  redis8: () => startRedis({ flavour: 'redis8', own: true }),
  valkey: () => startRedis({ flavour: 'valkey', own: true }),
  postgres: () => startPostgres({ own: true }),
  mariadb: () => startMariadb({ own: true }),
  mysql: () => startMariadb({ flavour: 'mysql', own: true }),
} satisfies Record<string, () => Promise<Cluster>>;

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
  // A signal before this is done ends this process as usual, and the servers with it.
  const started = await Promise.all(names.map(async (name) => ({ name, cluster: await STARTERS[name]() })));
  const stop = Promise.race(['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => once(process, signal)));
  for (const { name, cluster } of started) {
    process.stdout.write(`export ${variableOf(cluster.kind)}=${cluster.urls.join(',')} # ${name}\n`);
  }
  process.stdout.write(
    '\nPut these lines into other terminals. Ctrl-C here stops the servers; their data goes with them.\n',
  );
  await stop;
  await Promise.all(started.map(({ cluster }) => cluster.stop()));
}

await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1); // with the servers that did start
});
