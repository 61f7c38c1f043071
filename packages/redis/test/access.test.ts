import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { AccessDeniedError } from '@tenure/core/store';
import type { Store } from '@tenure/core/store';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { redis } from '../src/index.ts';
import {
  failure,
  granted,
  held,
  keyOf,
  missing,
  recordOf,
  serverOf,
  sessionOf,
  signal,
  storeOf,
  tenureOf,
} from './rig.ts';
import type { Server } from './rig.ts';
import { Operator } from './support.ts';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
/** The line of the README, for the namespace `test`. */
const ACL =
  /^ACL SETUSER billing (.+)$/mu.exec(README)?.[1]?.replaceAll('{billing}', '{test}').split(' ') ?? [];

async function userOf({ operator, url }: Server, ...rules: string[]): Promise<string> {
  await operator.client.acl('SETUSER', 'billing', 'reset', ...ACL, ...rules);
  return url.replace('redis://', 'redis://billing:secret@');
}

describe.skipIf(missing)('permissions', () => {
  it('that the README lists are enough, by every client', async () => {
    const server = await serverOf();
    const url = await userOf(server);
    const options = [
      { url },
      { client: new Redis(url, { lazyConnect: true }) },
      { client: createClient({ url }) },
    ];
    for (const each of options) {
      const [store, other] = [storeOf(each), storeOf(each)];
      const [session, waiter] = [await sessionOf(store), await sessionOf(other)];
      const term = await granted(session, keyOf('job'));
      await session.announce(term, recordOf(term.claimId), signal);
      await session.save(term, 'page 1', 1, signal);
      for (let i = 0; i < 3; i += 1) await session.renew(signal);
      const place = await held(waiter, keyOf('job'));
      expect(await store.list(keyOf(''), signal)).toHaveLength(1);
      expect(await store.evict(keyOf('job'), term.token, { force: false }, signal)).toBe(true);
      expect((await session.renew(signal)).news).toMatchObject([{ what: 'evicted' }]);
      await session.release(keyOf('job'), term.claimId, signal);
      await waiter.park(place, signal);
      const next = await granted(waiter, keyOf('job'), place.claimId);
      expect(await store.endSession(keyOf('job'), next.token, signal)).toBe(true);
      expect(waiter.gone.aborted || (await failure(waiter.renew(signal)))).toBeTruthy();
      await session.close(signal);
    }
    const refused = await server.operator.client.acl('LOG');
    // What clients say about themselves is not needed.
    const needed = (refused as string[][]).map((entry) => entry[entry.indexOf('object') + 1]);
    expect(needed.filter((what) => what?.startsWith('client') !== true)).toEqual([]);
  });

  it('that it names for a prefix, another database, replicas and a Cluster are enough for these', async () => {
    const one = await serverOf({ replicas: 1 });
    const patient = { replicas: 1, replicasTimeoutMs: 10_000 };
    const rules = ['+wait', '+select', 'resetkeys', 'resetchannels', '~x:{test}:*', '&x:{test}:*'];
    await everything(storeOf({ url: `${await userOf(one, ...rules)}/1`, keyPrefix: 'x:', ...patient }));
    const withoutWait = storeOf({ url: await userOf(one), ...patient });
    expect(await failure(sessionOf(withoutWait))).toBeInstanceOf(AccessDeniedError);
    const cluster = await serverOf({ cluster: true });
    const [url] = await Promise.all(
      cluster.urls.map(async (each) => {
        const operator = new Operator(each);
        onTestFinished(() => operator.close());
        return userOf({ ...cluster, url: each, operator }, '+cluster', '+info');
      }),
    );
    await everything(storeOf({ url: `${url}?cluster=true` }));
  });

  it('are each of them needed', async () => {
    const server = await serverOf();
    const commands = ACL.filter((rule) => rule.startsWith('+') && !rule.endsWith('subscribe'));
    expect(commands.length).toBeGreaterThan(20);
    for (const rule of commands) {
      const url = await userOf(server, rule.replace('+', '-'));
      const store = redis({ url });
      // A token of the future.
      await server.operator.client.hset('{test}:lock:page', 'token', '5000000000000000');
      expect([rule, await failure(everything(store))]).toMatchObject([rule, { code: 'ACCESS_DENIED' }]);
      await store.close();
      await server.operator.client.flushall();
    }
  });

  it('to send messages may be missing without anything half done', async () => {
    const server = await serverOf();
    const url = await userOf(server, 'resetchannels');
    const store = storeOf({ url });
    const session = await sessionOf(store);
    await expect(granted(session, keyOf('job'))).rejects.toThrow(AccessDeniedError);
    expect(await server.operator.client.keys('*')).toEqual([`{test}:session:${session.id}`]);
  });

  it('to hear messages may be missing: who waits asks now and then', async () => {
    const server = await serverOf();
    const url = await userOf(server, '-subscribe');
    const first = await tenureOf({ url }, { ttlMs: 60_000 }).lock('job').acquire();
    const waiter = tenureOf({ url }, { ttlMs: 60_000 });
    const next = waiter.lock('job').acquire();
    await waiter.lock('job').tryAcquire();
    await first.release();
    expect((await next).token).toBeGreaterThan(first.token);
  });

  it('for another namespace are refused, and the public API says so at once', async () => {
    const server = await serverOf();
    const tenure = tenureOf({ url: await userOf(server) }, { namespace: 'other' });
    await expect(tenure.lock('job').acquire()).rejects.toThrow(AccessDeniedError);
  });
});

describe.skipIf(missing)('a wrong password', () => {
  it('is refused as such by every client, and shown nowhere', async () => {
    const { url } = await serverOf({ password: 'right' });
    for (const wrong of [url.replace('right', 'hush-hush'), url.replace(':right', 'hush-hush:hush-hush')]) {
      const clients = [
        { url: wrong },
        { client: new Redis(wrong, { lazyConnect: true }) },
        { client: createClient({ url: wrong }) },
      ];
      for (const options of clients) await refusedQuietly(storeOf(options));
    }
    const without = url.replace(':right@', '');
    expect(await failure(sessionOf(storeOf({ url: without })))).toBeInstanceOf(AccessDeniedError);
    const right = storeOf({ url });
    await sessionOf(right);
    expect(everythingOf(right)).not.toContain('right');
  });
});

const everythingOf = (value: unknown): string =>
  inspect(value, { depth: 10, showHidden: true, getters: true });

async function refusedQuietly(store: Store): Promise<void> {
  for (const verb of [() => sessionOf(store), () => store.holder(keyOf('job'), signal)]) {
    const error = await failure(verb());
    expect(error).toBeInstanceOf(AccessDeniedError);
    expect(everythingOf(error)).not.toContain('hush');
    expect(JSON.stringify(error)).not.toContain('hush');
  }
  expect(everythingOf(store)).not.toContain('hush');
}

async function everything(store: Store): Promise<void> {
  const session = await sessionOf(store);
  const other = await sessionOf(store);
  const term = await granted(session, keyOf('job'));
  await session.save(term, '1', 1, signal);
  await session.announce(term, recordOf(term.claimId), signal);
  await store.evict(keyOf('job'), term.token, { force: false }, signal);
  await session.renew(signal);
  await session.release(keyOf('job'), term.claimId, signal);
  const next = await granted(other, keyOf('page'));
  await store.list(keyOf(''), signal);
  await held(session, keyOf('page'));
  await other.release(keyOf('page'), next.claimId, signal);
  await session.close(signal);
}
