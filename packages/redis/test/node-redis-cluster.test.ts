import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { createCluster } from 'redis';
import type { Store, StoreSession } from '@tenure/core/store';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startRedis } from '../../../test/servers/redis.ts';
import type { RedisServers } from '../../../test/servers/redis.ts';
import { redis } from '../src/index.ts';
import { nonce, Operator } from './support.ts';

const available = await serverOrSkip('redis', { own: true });

const never = new AbortController().signal;

const open = (store: Store, namespace: string, signal = never): Promise<StoreSession> =>
  store.open({ id: nonce(), ttlMs: 60_000, name: 'test', namespace }, signal);

async function failure(verb: Promise<unknown>): Promise<Error> {
  const outcome = await verb.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(outcome instanceof Error)) throw new Error('it did not fail');
  return outcome;
}

/** Looks again until it holds. */
async function eventually<T>(look: () => T | Promise<T>, withinMs = 20_000): Promise<T> {
  const until = performance.now() + withinMs;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (performance.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

const soon = (): AbortSignal => AbortSignal.timeout(5000);

describe.skipIf(!available)('a Cluster of node-redis', () => {
  let servers: RedisServers;
  let operators: Operator[];
  const stores: Store[] = [];

  beforeAll(async () => {
    // Those that are left go on serving their slots.
    const args = ['--cluster-require-full-coverage', 'no'];
    servers = await startRedis({ own: true, cluster: true, args });
    operators = servers.urls.map((url) => new Operator(url));
  });

  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
  });

  afterAll(async () => {
    for (const operator of operators) operator.close();
    await servers.stop();
  });

  const storeOf = (urls: readonly string[] = servers.urls): Store => {
    const store = redis({ client: createCluster({ rootNodes: urls.map((url) => ({ url })) }) });
    stores.push(store);
    return store;
  };

  /** Enough of them that each server has some. */
  const namespaces = Array.from({ length: 8 }, nonce);

  test('goes on when all its connections are killed', async () => {
    const store = storeOf();
    const sessions = await Promise.all(namespaces.map((namespace) => open(store, namespace)));
    for (const { client } of operators) await client.call('CLIENT', 'KILL', 'SKIPME', 'yes');
    for (const session of sessions) await eventually(() => session.renew(soon()));
  });

  test('goes on with the servers that are there, and with all of them once they are back', async () => {
    const store = storeOf();
    await Promise.all(namespaces.map((namespace) => open(store, namespace)));
    const [, second] = servers.members;
    await second!.kill();
    await eventually(async () => {
      const opened = await Promise.allSettled(namespaces.map((namespace) => open(store, namespace)));
      const served = opened.filter(({ status }) => status === 'fulfilled');
      expect(served.length).toBeGreaterThan(0);
      expect(served.length).toBeLessThan(namespaces.length);
    });
    await second!.restart();
    for (const namespace of namespaces) {
      const session = await eventually(() => open(store, namespace));
      const record = { id: 'somebody', claimId: nonce(), acquiredAt: '2030-01-01T00:00:00.000Z' };
      const { outcome } = await session.claim({ namespace, name: 'back' }, record, soon());
      expect(outcome).toBe('granted');
    }
  });

  test('leaves no connection to a server that accepts and never answers', async () => {
    const accepted: Socket[] = [];
    const mute = createServer((socket) => {
      accepted.push(socket);
      socket.on('error', () => {}).resume();
    });
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const store = storeOf([`redis://127.0.0.1:${(mute.address() as AddressInfo).port}`]);
    const leave = new AbortController();
    const asked = failure(open(store, nonce(), leave.signal));
    await eventually(() => expect(accepted.length).toBeGreaterThan(0));
    leave.abort(new Error('no answer'));
    await asked;
    await store.close();
    await eventually(() => expect(accepted.filter(({ destroyed }) => !destroyed)).toEqual([]));
    await new Promise((resolve) => mute.close(resolve));
  });
});
