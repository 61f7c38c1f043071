import { randomBytes } from 'node:crypto';
import { MemorySpace } from '@tenure/core/memory';
import { getBinary } from '../../test/servers/binaries.ts';
import type { Cluster } from '../../test/servers/cluster.ts';
import { startConsul } from '../../test/servers/consul.ts';
import { startEtcd } from '../../test/servers/etcd.ts';
import { addressesInEnvironment } from '../../test/servers/external.ts';
import { WorkerProcess } from './contender.ts';
import type { Contender } from './contender.ts';
import { InProcess } from './in-process.ts';
import type { Part, Report, StoreSpec } from './report.ts';

type Casting = (name: string, tell: (report: Report) => void, died: (how: string) => void) => Contender;

/** Where the demo plays: a store, and contenders who share it. */
export interface Stage {
  readonly store: string;
  readonly contenders: string;
  readonly ttlMs: number;
  /** What `crash` does here, and why the takeover takes its time, before and after. */
  readonly crash: { readonly what: string; readonly wait: readonly string[]; readonly took: string };
  readonly cast: Casting;
  close(): Promise<void>;
}

export const STORES = ['etcd', 'consul', 'memory'] as const;
export type StoreName = (typeof STORES)[number];

type Say = (text: string) => void;

/** The first of etcd, Consul and memory that can be had here, or the one that was asked for. */
export async function findStage(wanted: StoreName | undefined, say: Say): Promise<Stage> {
  if (wanted === 'memory') return memoryStage();
  if (wanted) return serverStage(wanted, say);
  for (const kind of ['etcd', 'consul'] as const) {
    try {
      return await serverStage(kind, say);
    } catch (error) {
      say(`There is no ${kind} to be had: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return memoryStage();
}

const NAMES = { etcd: 'etcd', consul: 'Consul' } as const;
const SHORT_TTL_MS = 3000;
/** Consul's own shortest TTL, unless its agents are configured for less, as those are that we start. */
const CONSUL_TTL_MS = 10_000;

async function serverStage(kind: 'etcd' | 'consul', say: Say): Promise<Stage> {
  const urls = addressesInEnvironment(kind);
  const cluster = urls ? undefined : await startServer(kind, say);
  const addresses = urls ?? cluster?.urls ?? [];
  const from = urls
    ? 'named by the environment'
    : `started for this demo, process ${cluster?.members[0]?.pid}`;
  const ttlMs = urls && kind === 'consul' ? CONSUL_TTL_MS : SHORT_TTL_MS;
  const spec: StoreSpec = kind === 'etcd' ? { kind, hosts: addresses } : { kind, addresses, minTtlMs: ttlMs };
  const part = parts(ttlMs);
  return {
    store: `${NAMES[kind]} at ${addresses.join(', ')}, ${from}`,
    contenders: 'three processes',
    ttlMs,
    crash: {
      what: 'killed with SIGKILL',
      wait: [
        `Nobody can tell a dead process from a silent one,`,
        `so ${NAMES[kind]} waits until the TTL of ${ttlMs / 1000} s is over.`,
      ],
      took:
        kind === 'etcd'
          ? 'the TTL, counted from its last sign of life'
          : 'the TTL, and up to as much again that Consul grants the silent',
    },
    cast: (name, tell, died) => new WorkerProcess(part(name), spec, tell, died),
    close: async () => cluster?.stop(),
  };
}

async function startServer(kind: 'etcd' | 'consul', say: Say): Promise<Cluster> {
  say(
    `Looking for ${NAMES[kind]}: on PATH, in the cache, else from Debian's packages, which takes a while once.`,
  );
  await getBinary(kind);
  say(`Starting ${NAMES[kind]}.`);
  return kind === 'etcd' ? startEtcd({ own: true }) : startConsul({ own: true });
}

function memoryStage(): Stage {
  const space = new MemorySpace();
  const part = parts(SHORT_TTL_MS);
  return {
    store: 'memory: no server, so all of this happens inside one process',
    contenders: 'three candidates in one process',
    ttlMs: SHORT_TTL_MS,
    crash: {
      what: 'cut off from the store',
      wait: [
        'Nobody tells the leader. It has to know by its own clock, and to stop',
        `before the store, when the TTL of ${SHORT_TTL_MS / 1000} s is over, gives the key away.`,
      ],
      took: 'the TTL, counted from its last sign of life',
    },
    cast: (name, tell) => new InProcess(part(name), space, tell),
    close: async () => {},
  };
}

/** Of one run: a namespace of its own keeps two demos on one server apart. */
function parts(ttlMs: number): (name: string) => Part {
  const namespace = `tenure-demo-${randomBytes(4).toString('hex')}`;
  return (name) => ({ name, namespace, ttlMs });
}
