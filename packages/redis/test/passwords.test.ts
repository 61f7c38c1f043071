import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import { Redis as Redis5 } from 'ioredis-5';
import { createClient, createCluster } from 'redis';
import { createClient as createClient5 } from 'redis-5';
import { AccessDeniedError, InvalidArgumentError, NotAppliedError } from '@tenure/core/store';
import type { Store, StoreSession } from '@tenure/core/store';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startRedis } from '../../../test/servers/redis.ts';
import type { RedisServers } from '../../../test/servers/redis.ts';
import { openUrl, redis } from '../src/index.ts';
import type { RedisOptions } from '../src/index.ts';
import { nonce } from './support.ts';

const PASSWORD = 'mark3dPassw0rd';
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

/** Everything that a log could show of it. */
function shown(value: unknown): string {
  const all = inspect(value, { depth: 10, showHidden: true, maxStringLength: null, maxArrayLength: null });
  const { stack = '', cause } = value as Error;
  return `${all} ${String(value)} ${stack} ${cause === undefined ? '' : shown(cause)}`;
}

const thrown = (make: () => unknown): Error => {
  try {
    make();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
};

describe.skipIf(!available)('passwords', () => {
  let servers: RedisServers;
  let cluster: RedisServers;
  /** It does not know the commands by which one logs in, and says so with all their words. */
  let ignorant: RedisServers;
  let port: number;
  const stores: Store[] = [];

  beforeAll(async () => {
    [servers, cluster, ignorant] = await Promise.all([
      startRedis({ own: true, password: PASSWORD }),
      startRedis({ own: true, password: PASSWORD, cluster: true }),
      startRedis({
        own: true,
        args: ['--rename-command', 'AUTH', 'NOAUTHHERE', '--rename-command', 'HELLO', 'NOHELLOHERE'],
      }),
    ]);
    port = servers.members[0]!.port;
  });

  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
  });

  afterAll(async () => {
    await Promise.all([servers.stop(), cluster.stop(), ignorant.stop()]);
  });

  const storeOf = (options: RedisOptions): Store => {
    const store = redis(options);
    stores.push(store);
    return store;
  };

  const at = (where: number, login = ''): string => `redis://${login}127.0.0.1:${where}`;
  const ports = (): number[] => cluster.members.map((member) => member.port);
  const refusals: readonly [string, (login: string) => RedisOptions][] = [
    ['a URL', (login) => ({ url: at(port, login) })],
    ['ioredis 6', (login) => ({ client: new Redis(at(port, login), { lazyConnect: true }) })],
    ['ioredis 5', (login) => ({ client: new Redis5(at(port, login), { lazyConnect: true }) })],
    ['node-redis 6', (login) => ({ client: createClient({ url: at(port, login) }) })],
    ['node-redis 5', (login) => ({ client: createClient5({ url: at(port, login) }) })],
    ['the URL of a Cluster', (login) => ({ url: `${at(ports()[0]!, login)}?cluster=true` })],
    [
      'a Cluster of node-redis',
      (login) => ({
        client: createCluster({
          rootNodes: ports().map((each) => ({ url: at(each) })),
          defaults: { password: login.replaceAll(/[:@]/gu, '') },
        }),
      }),
    ],
  ];

  test.for(refusals)('a wrong password, and none, are access denied: %s', async ([, options]) => {
    for (const login of [`:${PASSWORD}x@`, '']) {
      const store = storeOf(options(login));
      const error = await failure(open(store, nonce()));
      expect(error).toBeInstanceOf(AccessDeniedError);
      expect(shown(error)).not.toContain(PASSWORD);
      expect(shown(store)).not.toContain(PASSWORD);
    }
  });

  test.for([
    ['a URL', (url: string) => ({ url })],
    ['ioredis', (url: string) => ({ client: new Redis(url, { lazyConnect: true }) })],
    ['node-redis 6', (url: string) => ({ client: createClient({ url }) })],
    ['node-redis 5', (url: string) => ({ client: createClient5({ url }) })],
  ] as const)(
    'no password is shown by a server that does not know the command it came with: %s',
    async ([, optionsOf]) => {
      const store = storeOf(optionsOf(at(ignorant.members[0]!.port, `somebody:${PASSWORD}@`)));
      const error = await failure(open(store, nonce()));
      expect(error.message).toContain('unknown command');
      expect(shown(error)).not.toContain(PASSWORD);
    },
  );

  test('no password is shown where nobody answers, nor by a URL that is refused', async () => {
    const error = await failure(open(storeOf({ url: at(1, `somebody:${PASSWORD}@`) }), nonce()));
    expect(error).toBeInstanceOf(NotAppliedError);
    expect(shown(error)).not.toContain(PASSWORD);
    for (const rest of ['/x', '/0?nothing=1', '/0?replicas=many', ',127.0.0.1:2/3']) {
      const refused = thrown(() => openUrl(`redis://somebody:${PASSWORD}@127.0.0.1:1${rest}`));
      expect(refused).toBeInstanceOf(InvalidArgumentError);
      expect(shown(refused)).not.toContain(PASSWORD);
    }
  });

  test('the right password opens a server and a Cluster', async () => {
    for (const [, optionsOf] of refusals) {
      const namespace = nonce();
      const session = await open(storeOf(optionsOf(`:${PASSWORD}@`)), namespace);
      await session.renew(never);
      await session.close(never);
    }
  });
});
