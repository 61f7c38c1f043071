import { SessionGoneError, StoreUnavailableError } from '@tenure/core/store';
import { startProxy } from '@tenure/conformance/network';
import { afterAll, describe, expect, it } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startEtcd } from '../../../test/servers/etcd.ts';
import { sightOf, standingOf } from '../src/claims.ts';
import { etcd } from '../src/index.ts';
import { candidatesOf, checkpointPath, claimPath } from '../src/keys.ts';
import { Queue } from '../src/queue.ts';
import {
  Contender,
  deafClient,
  nonce,
  openSession,
  Operator,
  sleep,
  soon,
  stateOf,
  talliedClient,
} from './support.ts';

describe.skipIf(!(await serverOrSkip('etcd')))('a session in etcd', async () => {
  const cluster = await startEtcd();
  const operator = new Operator(cluster.urls);
  const store = etcd({ hosts: cluster.urls });
  const freshKey = (name = 'job') => ({ namespace: `session-${nonce()}`, name });

  afterAll(async () => {
    await store.close();
    operator.client.close();
    await cluster.stop();
  });

  it('sends one keepalive for each renewal, on one stream, and none by itself (T17)', async () => {
    const { client, tally } = talliedClient(cluster.urls);
    const session = await openSession(etcd({ client }), 3000);
    for (let i = 0; i < 5; i += 1) await session.renew(soon());
    expect(tally).toMatchObject({ keepaliveStreams: 1, keepalives: 5 });
    client.close();
  });

  it('does not take the late answer to a renewal that was given up for one to the next', async () => {
    const proxy = await startProxy({ host: '127.0.0.1', port: cluster.members.at(0)!.port });
    const { client, tally } = talliedClient([`http://127.0.0.1:${proxy.port}`]);
    const session = await openSession(etcd({ client }));
    await session.renew(soon());
    proxy.blackHole('down');
    await expect(session.renew(AbortSignal.timeout(100))).rejects.toMatchObject({ name: 'TimeoutError' });
    const next = session.renew(soon());
    expect(await stateOf(next, 100)).toBeUndefined();
    await proxy.pass();
    expect(await next).toEqual({ ttlMs: 30_000, news: [] });
    expect(tally.keepaliveStreams).toBe(2);
    await session.renew(soon());
    expect(tally.keepaliveStreams).toBe(2);
    client.close();
    await proxy.close();
  });

  it('renews over a fresh connection when the one it has is dead without saying so', async () => {
    const proxy = await startProxy({ host: '127.0.0.1', port: cluster.members.at(0)!.port });
    const through = etcd({ hosts: `http://127.0.0.1:${proxy.port}` });
    const contender = new Contender(await openSession(through), freshKey());
    await contender.grant();
    await contender.session.renew(soon());
    const before = proxy.connections;
    await sleep(50);
    // This connection only: new ones are served.
    const dead = proxy.cutAnswer({ hang: true });
    const given = contender.session.renew(AbortSignal.timeout(200));
    await expect(given).rejects.toMatchObject({ name: 'TimeoutError' });
    await dead;
    expect(await contender.session.renew(soon(2000))).toEqual({ ttlMs: 30_000, news: [] });
    expect(proxy.connections).toBeGreaterThan(before);
    await through.close();
    await proxy.close();
  });

  it('is adopted, with the TTL that was granted, when an open is repeated', async () => {
    const request = { id: nonce(), ttlMs: 12_300, name: 'test', namespace: 'test' };
    const first = await store.open(request, soon());
    expect(first).toMatchObject({ adopted: false, ttlMs: 13_000 });
    const second = await store.open({ ...request, ttlMs: 4000 }, soon());
    expect(second).toMatchObject({ adopted: true, ttlMs: 13_000, id: first.id });
    expect((await second.renew(soon())).ttlMs).toBe(13_000);
  });

  it('tells the TTL that the server grants when that is longer than what was asked for', async () => {
    expect((await openSession(store, 10)).ttlMs).toBeGreaterThanOrEqual(1000);
  });

  it('keeps all 63 bits of a lease id and all digits of a revision (T20)', async () => {
    const key = freshKey();
    const session = await store.open(
      { id: '7ffffffffffffff1', ttlMs: 5000, name: 'test', namespace: 'test' },
      soon(),
    );
    expect(session.id).toBe('7ffffffffffffff1');
    await new Contender(session, key).grant();
    const candidate = (await operator.candidates(key)).at(0)!;
    expect(candidate.lease).toBe('9223372036854775793');
    await session.close(soon());

    const big = 9_007_199_254_740_993n;
    const own = claimPath(key, 'a', 'c');
    const kv = {
      key: own,
      value: Buffer.from('{}'),
      create_revision: String(big),
      mod_revision: String(big),
      version: '1',
      lease: '1',
    };
    const ranges = [[kv], [kv], [kv], []].map((kvs) => ({ response_range: { kvs } }));
    const header = { cluster_id: '1', member_id: '1', raft_term: '1', revision: String(big + 2n) };
    const answer = { header, succeeded: true, responses: ranges } as unknown as Parameters<typeof sightOf>[2];
    const paths = { own, candidates: candidatesOf(key), checkpoint: checkpointPath(key) };
    expect(sightOf(paths, '{}', answer)).toMatchObject({ token: big, revision: big + 2n });
    expect(standingOf(paths, '{}', answer)).toMatchObject({ token: big + 2n, revision: big + 2n });
    const older = { ...kv, key: Buffer.from('other'), create_revision: String(big - 1n) };
    expect(new Queue([kv, older]).first).toBe(older);
  });

  it('ends at once and says so when its lease is revoked, whichever verb hears of it', async () => {
    const session = await openSession(store);
    await operator.revoke(session);
    await expect(session.renew(soon())).rejects.toBeInstanceOf(SessionGoneError);
    expect(session.gone.aborted).toBe(true);
    await expect(new Contender(session, freshKey()).claim()).rejects.toBeInstanceOf(SessionGoneError);
    await session.close(soon());
  });

  it('hears of an eviction and of a deletion by renewal alone when its watch is deaf', async () => {
    const client = deafClient(cluster.urls);
    const deaf = etcd({ client });
    const session = await openSession(deaf);
    const [asked, struck] = [new Contender(session, freshKey()), new Contender(session, freshKey())];
    const { token } = await asked.grant();
    await struck.grant();
    await store.evict(asked.key, token, { force: false }, soon());
    await operator.deleteHolder(struck.key);
    const { news } = await session.renew(soon());
    expect(news).toContainEqual({ claimId: asked.claimId, what: 'evicted' });
    expect(news).toContainEqual({ claimId: struck.claimId, what: 'deleted' });
    await asked.release();
    await struck.release();
    expect((await session.renew(soon())).news).toEqual([]);
    await session.close(soon());
    client.close();
  });

  it('verifies a thousand claims in a handful of requests, and finds the one that was deleted within a TTL', async () => {
    const { client, tally } = talliedClient(cluster.urls);
    const many = etcd({ client });
    const session = await openSession(many);
    const { namespace } = freshKey();
    const contenders = Array.from(
      { length: 1000 },
      (_, i) => new Contender(session, { namespace, name: `job-${i}` }),
    );
    await Promise.all(contenders.map((contender) => contender.grant()));
    const off = session.taken(() => {});
    const before = tally.unary;
    for (let i = 0; i < 3; i += 1) expect((await session.renew(soon())).news).toEqual([]);
    // Three looks for marks, one listing of the lease's keys.
    expect(tally.unary - before).toBeLessThanOrEqual(4);
    const victim = contenders.at(500)!;
    await operator.deleteHolder(victim.key);
    const heard = [];
    for (let i = 0; i < 3; i += 1) heard.push(...(await session.renew(soon())).news);
    expect(heard).toContainEqual({ claimId: victim.claimId, what: 'deleted' });
    off();
    await session.close(soon());
    client.close();
  });

  it('keeps an unanswered renewal from counting when only the keepalive was answered', async () => {
    const { client, tally } = talliedClient(cluster.urls);
    const session = await openSession(etcd({ client }));
    const contender = new Contender(session, freshKey());
    await contender.grant();
    tally.silent.add('txn');
    await expect(session.renew(AbortSignal.timeout(200))).rejects.toMatchObject({ name: 'TimeoutError' });
    tally.silent.clear();
    await session.renew(soon());
    client.close();
  });

  it('takes an answer that makes no sense for no answer', async () => {
    await expect(
      store.open({ id: 'short', ttlMs: 5000, name: 'test', namespace: 'test' }, soon()),
    ).rejects.toThrow(/16 hex digits/u);
    const nobody = etcd({ hosts: 'http://127.0.0.1:1' });
    await expect(openSession(nobody)).rejects.toBeInstanceOf(StoreUnavailableError);
    await expect(openSession(nobody)).rejects.toThrow(/http:\/\/127\.0\.0\.1:1: leaseGrant.*ECONNREFUSED/u);
    await nobody.close();
  });
});
