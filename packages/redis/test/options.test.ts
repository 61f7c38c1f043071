import { InvalidArgumentError } from '@tenure/core/store';
import { Cluster, Redis } from 'ioredis';
import { createClient } from 'redis';
import { describe, expect, it } from 'vitest';
import { openUrl, redis } from '../src/index.ts';
import type { RedisOptions } from '../src/index.ts';
import { optionsOfUrl } from '../src/url.ts';

const url = 'redis://127.0.0.1';
const cluster = 'redis://a,b';

const refusal = (make: () => unknown): string => {
  try {
    make();
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidArgumentError);
    return (error as Error).message;
  }
  return 'it was accepted';
};

describe('the options of redis()', () => {
  it('are refused with their name and value when they make no sense', () => {
    const refused: [unknown, RegExp][] = [
      [undefined, /options as an object, got undefined/u],
      ['redis://:hush@a', /options as an object, got string/u],
      [{}, /either a url, such as redis:\/\/127\.0\.0\.1:6379, or a client/u],
      [{ url, client: createClient() }, /either a url.*or a client/u],
      [{ url, host: 'a' }, /no option "host"; it has url, client/u],
      [{ client: {} }, /client must be .* got another object/u],
      [{ client: null }, /client must be .* got null/u],
      [{ client: 6379 }, /client must be .* got 6379/u],
      [{ url: 6379 }, /a store URL is a string/u],
      [{ url, keyPrefix: '{a}' }, /keyPrefix must be text without braces.*"\{a\}"/u],
      [{ url, keyPrefix: 7 }, /keyPrefix.*got 7/u],
      [{ url, namespace: 7 }, /namespace must be text, got 7/u],
      [{ url, replicas: -1 }, /replicas must be a whole number, got -1/u],
      [{ url, replicas: 1.5 }, /replicas must be a whole number, got 1\.5/u],
      [{ url, replicas: '1' }, /replicas must be a whole number, got 1/u],
      [{ url, replicas: 1, replicasTimeoutMs: 0 }, /replicasTimeoutMs must not be 0/u],
      [{ url, replicasTimeoutMs: -1 }, /replicasTimeoutMs must be at least 0.*-1/u],
      [{ url, replicasTimeoutMs: 1.5 }, /replicasTimeoutMs must be whole milliseconds, got 1\.5/u],
      [{ url, retainMs: 999 }, /retainMs must be at least 1000, got 999/u],
      [{ url, retainMs: Number.NaN }, /retainMs must be at least 0 milliseconds, got NaN/u],
      [{ url, retainMs: Number.POSITIVE_INFINITY }, /retainMs must be whole milliseconds, got Infinity/u],
      [{ url, retainMs: '1d' }, /retainMs.*got 1d/u],
      [{ url: cluster, replicas: 1 }, /replicas does not go with a Cluster/u],
    ];
    for (const [options, message] of refused) {
      const said = refusal(() => redis(options as RedisOptions));
      expect(said).toMatch(message);
      expect(said).not.toContain('hush');
    }
  });

  it('refuse a Cluster with replicas also where a client says that it is one', () => {
    const client = new Cluster([{ host: 'a', port: 1 }], { lazyConnect: true });
    expect(refusal(() => redis({ client, replicas: 1 }))).toMatch(/does not go with a Cluster/u);
  });

  it('refuse a session that Redis could not count, or that would not fit into a number there', async () => {
    const store = redis({ url });
    const open = (ttlMs: number) =>
      store.open({ id: 'a', ttlMs, name: 'a', namespace: 'a' }, AbortSignal.timeout(1000));
    for (const ttlMs of [0, 99, Number.NaN, 366 * 24 * 3600 * 1000]) {
      await expect(open(ttlMs)).rejects.toThrow(new RegExp(`between 100 and .*, got ${ttlMs}`, 'u'));
    }
    await store.close();
  });
});

describe('the URL of a store', () => {
  it('says everything that a store needs', () => {
    const { url: same, ...options } = optionsOfUrl(
      'redis://u:p@h:1/2?namespace=billing&keyPrefix=prod:&replicas=1&replicasTimeoutMs=200&retainMs=5000',
    );
    expect(same).toMatch(/^redis:/u);
    expect(options).toEqual({
      namespace: 'billing',
      keyPrefix: 'prod:',
      replicas: 1,
      replicasTimeoutMs: 200,
      retainMs: 5000,
    });
    expect(openUrl('rediss://h?namespace=billing').namespace).toBe('billing');
    expect(openUrl('redis://[::1]:7000,h:7001/0').namespace).toBeUndefined();
    expect(openUrl('redis://h?cluster=true').name).toBe('redis');
  });

  it('is refused without showing its password', () => {
    const refused: [string, RegExp][] = [
      ['http://:hush@h', /must begin with redis:\/\/ or rediss:\/\//u],
      ['redis://:hush@', /no host/u],
      ['redis:///0', /names no host/u],
      ['redis://:hush@h/a', /the number of a database/u],
      ['redis://:hush@h/-1', /the number of a database/u],
      ['redis://:hush@a,b/1', /a Cluster has only \/0/u],
      ['redis://:hush@a,b?cluster=false', /several hosts, which only a Cluster has/u],
      ['redis://:hush@h?cluster=yes', /"cluster".*must be true or false/u],
      ['redis://:hush@h?db=1', /no parameter "db"; it has cluster, namespace/u],
      ['redis://:hush@h?replicas=x', /"replicas".*must be a number/u],
      ['redis://:hush@h?retainMs=5&retainMs=6', /"retainMs".*more than once/u],
      ['redis://:hush@h?replicas=1&cluster=true', /does not go with a Cluster/u],
      ['redis://:hush@h?namespace=', /"namespace".*is empty/u],
    ];
    for (const [given, message] of refused) {
      const said = refusal(() => openUrl(given));
      expect(said).toMatch(message);
      expect(said).not.toContain('hush');
    }
  });

  it('and a client stand in the messages by the address alone', async () => {
    const clients: RedisOptions[] = [
      { url: 'redis://:hush@127.0.0.1:1' },
      { client: new Redis('redis://:hush@127.0.0.1:1', { lazyConnect: true }) },
      { client: createClient({ url: 'redis://:hush@127.0.0.1:1' }) },
    ];
    for (const options of clients) {
      const store = redis(options);
      const error = await store
        .holder({ namespace: 'a', name: 'b' }, AbortSignal.timeout(10_000))
        .catch(String);
      expect(error).toMatch(/^NotAppliedError: redis at 127\.0\.0\.1:1: .*ECONNREFUSED/u);
      await store.close();
    }
    const store = redis({ client: new Redis('/nowhere/redis.sock', { lazyConnect: true }) });
    const said = await store.holder({ namespace: 'a', name: 'b' }, AbortSignal.timeout(10_000)).catch(String);
    expect(said).toMatch(/^NotAppliedError: redis at \/nowhere\/redis\.sock: .*ENOENT/u);
    await store.close();
  });
});
