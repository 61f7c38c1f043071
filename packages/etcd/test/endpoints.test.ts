import { startProxy } from '@tenure/conformance/network';
import { afterAll, describe, expect, it } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startEtcd } from '../../../test/servers/etcd.ts';
import { etcd } from '../src/index.ts';
import { Contender, nonce, openSession, Operator, sleep, soon, stateOf } from './support.ts';

describe.skipIf(!(await serverOrSkip('etcd', { own: true })))('several endpoints of etcd', async () => {
  const cluster = await startEtcd({ members: 3, own: true });
  const freshKey = (name = 'job') => ({ namespace: `endpoints-${nonce()}`, name });
  const ok = (ask: () => Promise<unknown>) =>
    expect.poll(() => ask().then(() => 'ok', String), { timeout: 15_000 }).toBe('ok');

  afterAll(() => cluster.stop());

  it('does not mind an endpoint at which nobody listens, wherever it stands in the list', async () => {
    const dead = 'http://127.0.0.1:1';
    for (let i = 0; i < 8; i += 1) {
      const store = etcd({ hosts: [dead, cluster.urls.at(0)!, 'http://127.0.0.1:2'] });
      const contender = new Contender(await openSession(store), freshKey());
      await contender.grant();
      await contender.session.renew(soon());
      await store.close();
    }
  });

  it('names all endpoints when none can be reached', async () => {
    const store = etcd({ hosts: ['http://127.0.0.1:1', 'http://127.0.0.1:2'] });
    await expect(openSession(store)).rejects.toThrow(/http:\/\/127\.0\.0\.1:1, http:\/\/127\.0\.0\.1:2/u);
    await store.close();
  });

  it('asks another endpoint after one that took a request and was silent', async () => {
    const proxies = await Promise.all(
      cluster.members.slice(0, 2).map(({ port }) => startProxy({ host: '127.0.0.1', port })),
    );
    const store = etcd({ hosts: proxies.map(({ port }) => `http://127.0.0.1:${port}`) });
    const contender = new Contender(await openSession(store), freshKey());
    await contender.grant();
    await sleep(50);
    const used = proxies.find(({ open }) => open > 0)!;
    used.blackHole();
    await expect(contender.session.renew(AbortSignal.timeout(200))).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    await contender.session.renew(soon(2000));
    const parked = new Contender(contender.session, contender.key);
    const waiting = parked.session.park(await parked.held(), soon());
    await contender.release();
    await waiting;
    await store.close();
    for (const proxy of proxies) await proxy.close();
  });

  it('keeps a session, its claims, its waiters and its observers when the raft leader is killed', async () => {
    const key = freshKey();
    const store = etcd({ hosts: cluster.urls });
    const [leader, waiter] = [
      new Contender(await openSession(store), key),
      new Contender(await openSession(store), key),
    ];
    const { token } = await leader.grant();
    const parked = waiter.session.park(await waiter.held(), soon(30_000)).catch((error: unknown) => error);
    const raft = await cluster.leader();
    await raft.kill();
    await ok(() => leader.session.renew(soon(1000)));
    expect((await leader.session.renew(soon())).news).toEqual([]);
    await ok(async () => expect((await leader.grant()).token).toBe(token));
    expect(await stateOf(parked, 100)).not.toBe('resolved to nothing');
    await ok(() => leader.release());
    await parked;
    await ok(() => waiter.grant());
    await raft.restart();
    await store.close();
  }, 60_000);

  it('asks members with a majority when one is cut off with nobody but itself', async () => {
    const raft = await cluster.leader();
    const others = cluster.members.filter((member) => member !== raft);
    const store = etcd({ hosts: raft.url });
    const contender = new Contender(await openSession(store), freshKey());
    await contender.grant();
    // Suspended, the others leave it alone; it refuses rather than to keep a caller waiting.
    for (const member of others) member.suspend();
    await expect
      .poll(() => contender.session.renew(soon(1000)).then(() => 'ok', String), {
        timeout: 15_000,
        interval: 200,
      })
      .toMatch(/no leader/u);
    for (const member of others) member.resume();
    await ok(() => contender.session.renew(soon(1000)));
    expect((await contender.session.renew(soon())).news).toEqual([]);
    await store.close();
  }, 60_000);

  it('serves the next endpoint while a member is suspended with connections open', async () => {
    const operator = new Operator(cluster.urls);
    const key = freshKey();
    const member = cluster.members.find((each) => each.alive)!;
    const others = cluster.members.filter((each) => each !== member);
    const store = etcd({ hosts: [member.url, ...others.map(({ url }) => url)] });
    const contender = new Contender(await openSession(store), key);
    await contender.grant();
    member.suspend();
    try {
      await ok(() => contender.session.renew(soon(500)));
      expect((await contender.session.renew(soon(1000))).news).toEqual([]);
    } finally {
      member.resume();
    }
    await store.close();
    operator.client.close();
  }, 60_000);
});
