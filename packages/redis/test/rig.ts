/** What the store's own tests need: servers of their own, sessions, and the public API with a short TTL. */
import { setMaxListeners } from 'node:events';
import { createTenure } from '@tenure/core';
import type { Tenure, TenureOptions } from '@tenure/core';
import type { ClaimRecord, Granted, Held, Key, Store, StoreSession } from '@tenure/core/store';
import { onTestFinished } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startRedis } from '../../../test/servers/redis.ts';
import type { RedisOptions as ServerOptions, RedisServers } from '../../../test/servers/redis.ts';
import { redis } from '../src/index.ts';
import type { RedisOptions } from '../src/index.ts';
import { nonce, Operator } from './support.ts';

export const missing: boolean = !(await serverOrSkip('redis', { own: true }));

export const signal: AbortSignal = new AbortController().signal;
setMaxListeners(0, signal);

export const keyOf = (name: string, namespace = 'test'): Key => ({ namespace, name });

export const recordOf = (claimId: string = nonce()): ClaimRecord => ({
  id: 'somebody',
  claimId,
  acquiredAt: '2030-01-01T00:00:00.000Z',
});

export interface Server extends RedisServers {
  readonly url: string;
  /** Of the first one. */
  readonly operator: Operator;
}

/** Gone with the test. */
export async function serverOf(options: ServerOptions = {}): Promise<Server> {
  const servers = await startRedis({ own: true, ...options });
  const url = servers.urls[0]!;
  const operator = new Operator(url);
  onTestFinished(async () => {
    operator.close();
    await servers.stop();
  });
  return { ...servers, url, operator };
}

/** Closed with the test. */
export function storeOf(options: RedisOptions): Store {
  const store = redis(options);
  onTestFinished(() => store.close());
  return store;
}

export function tenureOf(options: RedisOptions, more: Partial<TenureOptions> = {}): Tenure {
  const tenure = createTenure({
    store: redis(options),
    namespace: 'test',
    ttlMs: 6000,
    graceMs: 100,
    ...more,
  });
  onTestFinished(() => tenure.close());
  return tenure;
}

export const sessionOf = (store: Store, ttlMs = 60_000, namespace = 'test'): Promise<StoreSession> =>
  store.open({ id: nonce(), ttlMs, name: 'test', namespace }, signal);

export async function granted(session: StoreSession, key: Key, claimId?: string): Promise<Granted> {
  const outcome = await session.claim(key, recordOf(claimId), signal);
  if (outcome.outcome !== 'granted') throw new Error(`"${key.name}" is held`);
  return outcome;
}

export async function held(session: StoreSession, key: Key, claimId?: string): Promise<Held> {
  const outcome = await session.claim(key, recordOf(claimId), signal);
  if (outcome.outcome !== 'held') throw new Error(`"${key.name}" was granted`);
  return outcome;
}

/** What it rejects with; undefined when it resolves. */
export const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );
