import { randomUUID } from 'node:crypto';
import { startProxy } from '@tenure/conformance/network';
import type { Proxy } from '@tenure/conformance/network';
import type { RaftCluster, RaftKind } from '../servers/cluster.ts';
import { startConsul } from '../servers/consul.ts';
import { startEtcd } from '../servers/etcd.ts';
import { Contender } from './contender.ts';
import { violations } from './history.ts';
import type { Plan, StoreSpec } from './protocol.ts';

/** Consul's default minimum is 10 s, and it waits for twice the TTL: too long for tests. */
const CONSUL_MIN_TTL_MS = 1000;
const TTL_MS = 3000;
/** How many processes start at once: they are slow to load, and the machine is small. */
const STARTS_AT_ONCE = 4;

/** How long a server takes at most to give a silent session's keys to others: etcd looks twice a second, Consul doubles the TTL. */
export const expiryMs = (kind: RaftKind, ttlMs: number): number =>
  kind === 'etcd' ? ttlMs + 1000 : 2 * ttlMs;

export interface Entry {
  readonly id: string;
  readonly keys: readonly string[];
  /** Reach the servers through these; directly, when left out. */
  readonly through?: readonly Proxy[];
  readonly releaseOn?: readonly NodeJS.Signals[];
  readonly reads?: boolean;
}

/** Real servers and the processes that contend there; all are gone when it is disposed. */
export class Arena implements AsyncDisposable {
  readonly cluster: RaftCluster;
  readonly ttlMs: number;
  readonly namespace = `arena-${randomUUID().slice(0, 8)}`;
  readonly contenders: Contender[] = [];
  readonly #proxies: Proxy[] = [];

  private constructor(cluster: RaftCluster, ttlMs: number) {
    this.cluster = cluster;
    this.ttlMs = ttlMs;
  }

  static async open(
    kind: RaftKind,
    { members = 1, ttlMs = TTL_MS }: { readonly members?: 1 | 3; readonly ttlMs?: number } = {},
  ): Promise<Arena> {
    const cluster =
      kind === 'etcd'
        ? await startEtcd({ members, own: true })
        : await startConsul({ members, own: true, ttlMinMs: CONSUL_MIN_TTL_MS });
    return new Arena(cluster, ttlMs);
  }

  /** A proxy before the first member. */
  async proxy(): Promise<Proxy> {
    const proxy = await startProxy({ host: '127.0.0.1', port: this.cluster.members[0]!.port });
    this.#proxies.push(proxy);
    return proxy;
  }

  /** Starts the processes, a few at a time. They stand for nothing yet. */
  async enter(...entries: readonly Entry[]): Promise<Contender[]> {
    const entered: Contender[] = [];
    for (let first = 0; first < entries.length; first += STARTS_AT_ONCE) {
      const batch = entries
        .slice(first, first + STARTS_AT_ONCE)
        .map((entry) => new Contender(this.#plan(entry)));
      // Before they are ready: one that never is must be ended too.
      this.contenders.push(...batch);
      entered.push(...batch);
      await Promise.all(batch.map((contender) => contender.next('ready')));
    }
    return entered;
  }

  /** Closes what runs, expects it to end by itself, and tells everything that was wrong since the arena was opened. */
  async verdict(): Promise<string[]> {
    const found = violations(this.contenders);
    const running = this.contenders.filter((contender) => contender.running);
    const endings = await Promise.all(running.map((contender) => contender.close()));
    const unclean = endings.flatMap(({ code, signal }, index) =>
      code === 0 ? [] : [`${running[index]!.id}: ended with ${signal ?? code} after close()`],
    );
    const late = violations(this.contenders).filter((violation) => !found.includes(violation));
    return [...found, ...unclean, ...late];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.contenders.map((contender) => contender.end('SIGKILL')));
    await Promise.all(this.#proxies.map((proxy) => proxy.close()));
    await this.cluster.stop();
  }

  #plan({ id, keys, through, releaseOn = [], reads = true }: Entry): Plan {
    const { namespace, ttlMs } = this;
    const urls = through?.map(({ host, port }) => `http://${host}:${port}`) ?? this.cluster.urls;
    const store: StoreSpec =
      this.cluster.kind === 'etcd'
        ? { kind: 'etcd', hosts: urls }
        : { kind: 'consul', addresses: urls, minTtlMs: CONSUL_MIN_TTL_MS };
    return { id, keys, releaseOn, reads, namespace, ttlMs, store };
  }
}
