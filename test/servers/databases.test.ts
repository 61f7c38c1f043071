import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { serverOrSkip } from './availability.ts';
import type { Cluster, Kind } from './cluster.ts';
import { descendants } from './descendants.ts';
import { firstBytes } from './first-bytes.ts';
import { startMariadb } from './mariadb.ts';
import { startPostgres } from './postgres.ts';
import { startRedis } from './redis.ts';
import { leavesNothing, output, trial } from './trial.ts';
import { until } from './until.ts';

interface Database {
  readonly kind: Kind;
  readonly start: (options?: { readonly password?: string }) => Promise<Cluster>;
  /** For the client: a write, a read of it, and something that takes a minute. */
  readonly write: readonly string[];
  readonly read: readonly string[];
  readonly linger: readonly string[];
}

const redis = (flavour: 'redis' | 'valkey' | 'redis8'): Database => ({
  kind: flavour,
  start: (options) => startRedis({ flavour, appendonly: true, own: true, ...options }),
  write: ['SET', 'a', 'written'],
  read: ['GET', 'a'],
  linger: ['BLPOP', 'nothing', '60'],
});

const sql = (how: string, sleep: string) => ({
  write: [how, "create table t as select 'written' as a"],
  read: [how, 'select a from t'],
  linger: [how, `select ${sleep}(60)`],
});

const mariadb = (flavour: 'mariadb' | 'mysql'): Database => ({
  kind: flavour,
  start: (options) => startMariadb({ flavour, own: true, ...options }),
  ...sql('-Ne', 'sleep'),
});

const DATABASES: Database[] = [
  redis('redis'),
  redis('valkey'),
  redis('redis8'),
  {
    kind: 'postgres',
    start: (options) => startPostgres({ own: true, ...options }),
    ...sql('-Atqc', 'pg_sleep'),
  },
  mariadb('mariadb'),
  mariadb('mysql'),
];

const { started } = trial();

describe.each(DATABASES)('$kind', async ({ kind, start, write, read, linger }) => {
  const available = await serverOrSkip(kind, { own: true });

  test.skipIf(!available)('what was written survives a kill, in the midst of clients', async () => {
    const cluster = await started(start());
    const [member] = cluster.members;
    await output(cluster, ...write);
    const busy = cluster.cli([...linger], { stdio: 'ignore' });
    const cut = once(busy, 'exit');
    const knocking = knock(member!.port);

    await member!.kill();
    expect(member!.alive).toBe(false);
    expect(member!.pid).toBeUndefined();
    await cut;
    await member!.restart();
    expect(await output(cluster, ...read)).toBe('written');
    await member!.restart();
    expect(await output(cluster, ...read)).toBe('written');
    await knocking.stop();
    await leavesNothing(cluster);
  });

  test.skipIf(!available)('suspended it answers nobody, and resumed it goes on', async () => {
    const cluster = await started(start());
    const [member] = cluster.members;
    await output(cluster, ...write);
    const busy = cluster.cli([...linger], { stdio: 'ignore' });

    member!.suspend();
    expect(member!.alive).toBe(true);
    const { pid } = member!;
    // One that ended just before stays a zombie as long as nobody runs who could take note of it.
    const still = (each: number): boolean => ['T', 'Z', undefined].includes(stateOf(each));
    await until('all its processes are stopped', async () =>
      [pid!, ...descendants(pid!)].every((each) => still(each)) ? true : undefined,
    );
    const answer = output(cluster, ...read);
    member!.resume();
    expect(await answer).toBe('written');
    busy.kill('SIGKILL');
    member!.suspend();
    await leavesNothing(cluster);
  });

  test.skipIf(!available)('two at once know nothing of each other; one has a password', async () => {
    const secret = `it's "50%"`;
    const [one, other] = await Promise.all([started(start()), started(start({ password: secret }))]);
    expect(one.members[0]!.port).not.toBe(other.members[0]!.port);
    await output(other, ...write);
    expect(await output(other, ...read)).toBe('written');
    await output(one, ...write);
    const { password } = new URL(other.urls[0]!);
    expect(decodeURIComponent(password)).toBe(secret);
  });
});

/** Clients that come again and again, as fast as they can, whether somebody answers or not. */
function knock(port: number): { stop(): Promise<void> } {
  const end = new AbortController();
  const knocking = (async () => {
    while (!end.signal.aborted) {
      await firstBytes(port, 1, Buffer.from('PING\r\n')).catch(() => new Promise(setImmediate));
    }
  })();
  return {
    stop: () => {
      end.abort();
      return knocking;
    },
  };
}

function stateOf(pid: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2)[0];
}
