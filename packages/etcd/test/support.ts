/** What tests of the etcd store need besides the store: an operator with a client of its own, and faults. */
import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { Granted, Held, Key, Store, StoreSession } from '@tenure/core/store';
import { Etcd3 } from 'etcd3';
import type { IKeyValue } from 'etcd3';
import { candidatesOf, claimPath, startingWith } from '../src/keys.ts';

export const nonce = (): string => randomBytes(8).toString('hex');

export const leaseHexOf = (requestId: string): string =>
  BigInt.asUintN(63, BigInt(`0x${requestId}`)).toString(16);

/** An operator, or another program, with etcd3's own methods. */
export class Operator implements AsyncDisposable {
  readonly client: Etcd3;

  constructor(urls: readonly string[]) {
    this.client = new Etcd3({ hosts: [...urls] });
  }

  async candidates(key: Key): Promise<IKeyValue[]> {
    const { kvs } = await this.client.kv.range(candidatesOf(key));
    return kvs.toSorted((a, b) => (BigInt(a.create_revision) < BigInt(b.create_revision) ? -1 : 1));
  }

  async keysUnder(prefix: string): Promise<string[]> {
    const { kvs } = await this.client.kv.range({ ...startingWith(prefix), keys_only: true });
    return kvs.map(({ key }) => key.toString());
  }

  async leases(): Promise<string[]> {
    const { leases } = await this.client.leaseClient.leaseLeases();
    return leases.map(({ ID }) => BigInt(ID).toString(16));
  }

  /** Deletes the key of whoever holds it. */
  async deleteHolder(key: Key): Promise<void> {
    for (const { key: path } of (await this.candidates(key)).slice(0, 1)) {
      await this.client.kv.deleteRange({ key: path });
    }
  }

  async deleteClaim(key: Key, session: StoreSession, claimId: string): Promise<void> {
    await this.client.kv.deleteRange({ key: claimPath(key, session.id, claimId) });
  }

  async revoke(session: StoreSession): Promise<void> {
    await this.client.leaseClient.leaseRevoke({ ID: String(BigInt(`0x${session.id}`)) });
  }

  /** Another program's candidate, with the key that Go's concurrency.Election would use. */
  async stand(
    key: Key,
    value: string,
  ): Promise<{ readonly leave: () => Promise<void>; readonly path: string }> {
    const { ID } = await this.client.leaseClient.leaseGrant({ TTL: 60 });
    const path = `${candidatesOf(key).key.toString()}${BigInt(ID).toString(16)}`;
    await this.client.kv.put({ key: Buffer.from(path), value: Buffer.from(value), lease: ID });
    return {
      path,
      leave: async () => {
        await this.client.leaseClient.leaseRevoke({ ID });
      },
    };
  }

  /** Write something elsewhere, so that the store's revision moves on. */
  async churn(times: number): Promise<string> {
    let revision = '';
    for (let i = 0; i < times; i += 1) {
      const { header } = await this.client.kv.put({
        key: Buffer.from('churn'),
        value: Buffer.from(String(i)),
      });
      revision = header.revision;
    }
    return revision;
  }

  async compact(): Promise<void> {
    await this.client.kv.compact({ revision: await this.churn(3), physical: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
  }
}

interface Connect {
  withConnection(service: string, use: (connection: object) => unknown): Promise<unknown>;
}

/** A client whose watch streams take everything and never say anything. */
export function deafClient(urls: readonly string[]): Etcd3 {
  const client = new Etcd3({ hosts: [...urls] });
  const { pool } = client as unknown as { pool: Connect };
  const withConnection = pool.withConnection.bind(pool);
  pool.withConnection = (service, use) =>
    withConnection(service, (connection) =>
      use(service === 'Watch' ? { ...connection, client: { watch: silence } } : connection),
    );
  return client;
}

export interface Tally {
  keepaliveStreams: number;
  keepalives: number;
  watchStreams: number;
  watches: number;
  cancels: number;
  unary: number;
  /** What watch streams that exist say is dropped; new ones are heard. */
  deafened: boolean;
  /** Unary methods whose answers get lost. */
  readonly silent: Set<string>;
}

interface Stream {
  write(request: Record<string, unknown>): unknown;
  on(event: string, listener: (response: unknown) => void): unknown;
}

function deafenable(stream: Stream, tally: Tally): Stream {
  const on = stream.on.bind(stream);
  const isOld = (
    (born) => () =>
      tally.watchStreams === born
  )(tally.watchStreams);
  stream.on = (event, listener) =>
    on(event, (response) => {
      if (event !== 'data' || !tally.deafened || !isOld()) listener(response);
    });
  tally.deafened = false;
  return stream;
}

/** A client that counts what goes over the wire. */
export function talliedClient(urls: readonly string[]): { readonly client: Etcd3; readonly tally: Tally } {
  const client = new Etcd3({ hosts: [...urls] });
  const tally: Tally = {
    keepaliveStreams: 0,
    keepalives: 0,
    watchStreams: 0,
    watches: 0,
    cancels: 0,
    unary: 0,
    deafened: false,
    silent: new Set(),
  };
  const counted = (stream: Stream, count: (request: Record<string, unknown>) => void): Stream => {
    const write = stream.write.bind(stream);
    stream.write = (request) => {
      count(request);
      return write(request);
    };
    return stream;
  };
  const { pool } = client as unknown as { pool: Connect };
  const withConnection = pool.withConnection.bind(pool);
  pool.withConnection = (service, use) =>
    withConnection(service, (connection) => {
      const { client: real } = connection as {
        client: Record<string, ((...args: unknown[]) => unknown) | undefined>;
      };
      const spy = new Proxy(real, {
        get: (_, method: string) => {
          const call = real[method]!.bind(real);
          if (method === 'leaseKeepAlive') {
            return (...args: unknown[]) => {
              tally.keepaliveStreams += 1;
              return counted(call(...args) as Stream, () => (tally.keepalives += 1));
            };
          }
          if (method === 'watch') {
            return (...args: unknown[]) => {
              tally.watchStreams += 1;
              return counted(deafenable(call(...args) as Stream, tally), (request) => {
                if (request['create_request']) tally.watches += 1;
                if (request['cancel_request']) tally.cancels += 1;
              });
            };
          }
          return (...args: unknown[]) => {
            tally.unary += 1;
            return tally.silent.has(method) ? { cancel: () => {} } : call(...args);
          };
        },
      });
      return use({ ...connection, client: spy });
    });
  return { client, tally };
}

const silence = (): object => Object.assign(new EventEmitter(), { write: () => true, cancel: () => {} });

/** Claims as the only one, and as one of several. */
export class Contender {
  readonly session: StoreSession;
  readonly key: Key;
  readonly claimId: string = nonce();

  constructor(session: StoreSession, key: Key) {
    this.session = session;
    this.key = key;
  }

  claim(acquiredAt = '2030-01-01T00:00:00.000Z'): Promise<Granted | Held> {
    return this.session.claim(this.key, { id: this.claimId, claimId: this.claimId, acquiredAt }, soon());
  }

  async grant(): Promise<Granted> {
    const outcome = await this.claim();
    if (outcome.outcome === 'granted') return outcome;
    throw new Error(`held by ${outcome.holder?.value}`);
  }

  async held(): Promise<Held> {
    const outcome = await this.claim();
    if (outcome.outcome === 'held') return outcome;
    throw new Error(`granted with token ${outcome.token}`);
  }

  release(): Promise<void> {
    return this.session.release(this.key, this.claimId, soon());
  }
}

export const soon = (ms = 10_000): AbortSignal => AbortSignal.timeout(ms);

export const openSession = (store: Store, ttlMs = 30_000): Promise<StoreSession> =>
  store.open({ id: nonce(), ttlMs, name: 'test', namespace: 'test' }, soon());

/** 'resolved', what the promise rejected with, or undefined while it is pending. */
export async function stateOf(promise: Promise<unknown>, withinMs = 0): Promise<unknown> {
  const pending = Symbol('pending');
  const clock = new Promise((resolve) => {
    setTimeout(resolve, withinMs, pending);
  });
  const settled = promise.then(
    () => 'resolved',
    (error: unknown) => error,
  );
  const state = await Promise.race([settled, clock]);
  return state === pending ? undefined : state;
}

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
