import { randomBytes } from 'node:crypto';
import type { ClaimRecord, Granted, Held, Json, Key, Store, StoreSession } from '@tenure/core/store';
import { consul, type ConsulOptions } from '@tenure/consul';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { startConsul, type ConsulCluster } from '../../../test/servers/consul.ts';
import { Agent, memberOf } from './agent.ts';

export const nonce = (): string => randomBytes(8).toString('hex');

export const soon = (ms = 10_000): AbortSignal => AbortSignal.timeout(ms);

export const pass = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** One test's workplace at one agent: a namespace of its own, and everything it opened is closed in the end. */
export class Bench {
  readonly namespace: string = `test-${nonce()}`;
  readonly agent: Agent;
  readonly #url: string;
  readonly #stores: Store[] = [];
  readonly #sessions: StoreSession[] = [];

  constructor(url: string) {
    this.#url = url;
    this.agent = new Agent(url);
  }

  key(name = 'job'): Key {
    return { namespace: this.namespace, name };
  }

  path(name = 'job'): string {
    return `${this.namespace}/${name}/.lock`;
  }

  record(claimId: string = nonce(), metadata: Json = null): ClaimRecord {
    return { id: 'me', claimId, acquiredAt: '2030-01-01T00:00:00.000Z', metadata };
  }

  store(options: ConsulOptions = {}): Store {
    const reach = options.client || options.addresses ? {} : { address: this.#url };
    const store = consul({ minTtlMs: 1000, ...reach, ...options });
    this.#stores.push(store);
    return store;
  }

  async session(options: ConsulOptions = {}, ttlMs = 60_000): Promise<StoreSession> {
    return this.open(this.store(options), ttlMs);
  }

  async open(store: Store, ttlMs = 60_000, id: string = nonce()): Promise<StoreSession> {
    const session = await store.open({ id, ttlMs, name: this.namespace, namespace: this.namespace }, soon());
    this.#sessions.push(session);
    return session;
  }

  async grant(session: StoreSession, name?: string, record: ClaimRecord = this.record()): Promise<Granted> {
    const outcome = await session.claim(this.key(name), record, soon());
    if (outcome.outcome !== 'granted') throw new Error(`held: ${JSON.stringify(outcome.holder?.value)}`);
    return outcome;
  }

  async held(session: StoreSession, name?: string, record: ClaimRecord = this.record()): Promise<Held> {
    const outcome = await session.claim(this.key(name), record, soon());
    if (outcome.outcome !== 'held') throw new Error('granted');
    return outcome;
  }

  async end(): Promise<void> {
    await Promise.allSettled(this.#sessions.map((session) => session.close(soon(3000))));
    await Promise.all(this.#stores.map((store) => store.close()));
    await this.agent.delete(`/kv/${this.namespace}/?recurse`);
  }
}

/** What a verb rejects with. */
export async function failureOf(verb: Promise<unknown>): Promise<Error> {
  const outcome: unknown = await verb.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof Error) return outcome;
  throw new Error('it was to fail, and did not');
}

/** A Consul of its own for the tests around this call, and a fresh bench for each of them. */
export function withConsul(): { readonly cluster: ConsulCluster; readonly bench: Bench } {
  let cluster: ConsulCluster;
  let bench: Bench;
  beforeAll(async () => {
    cluster = await startConsul();
  });
  afterAll(() => cluster.stop());
  beforeEach(() => {
    bench = new Bench(memberOf(cluster).url);
  });
  afterEach(() => bench.end());
  return {
    get cluster() {
      return cluster;
    },
    get bench() {
      return bench;
    },
  };
}
