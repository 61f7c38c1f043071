import { setMaxListeners } from 'node:events';
import { createTenure } from '@tenure/core';
import type { Holder, Key, Store } from '@tenure/core/store';
import { startProxy } from '@tenure/conformance/network';
import { afterAll, describe, expect, it } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startEtcd } from '../../../test/servers/etcd.ts';
import { etcd } from '../src/index.ts';
import { Contender, nonce, openSession, Operator, sleep, soon, stateOf, talliedClient } from './support.ts';

/** Follows the holder until the test ends it. */
function follow(store: Store, key: Key, { insist = false } = {}) {
  const seen: (Holder | undefined)[] = [];
  const end = new AbortController();
  const watch = async (): Promise<unknown> => {
    try {
      for await (const holder of store.watch(key, end.signal)) seen.push(holder);
    } catch (error) {
      if (!insist || end.signal.aborted) return error;
    }
    await sleep(20);
    return watch();
  };
  const done = watch();
  return {
    seen,
    tokens: () => seen.map((holder) => holder?.token),
    stop: () => (end.abort(new Error('enough')), done),
  };
}

describe.skipIf(!(await serverOrSkip('etcd', { own: true })))('watching in etcd', async () => {
  const cluster = await startEtcd({ own: true });
  const operator = new Operator(cluster.urls);
  const address = { host: '127.0.0.1', port: cluster.members.at(0)!.port };
  const freshKey = (name = 'job') => ({ namespace: `watching-${nonce()}`, name });

  afterAll(async () => {
    operator.client.close();
    await cluster.stop();
  });

  it('goes on observing past a compaction of what it has not seen (T11)', async () => {
    const key = freshKey();
    const direct = etcd({ hosts: cluster.urls });
    const proxy = await startProxy(address);
    const through = etcd({ hosts: `http://127.0.0.1:${proxy.port}` });
    const session = await openSession(direct);
    const first = new Contender(session, key);
    const { token } = await first.grant();
    // Whoever can't be served by a watch that broke asks anew, as the core does.
    const observer = follow(through, key, { insist: true });
    await expect.poll(observer.tokens).toEqual([token]);
    await proxy.refuse();
    await first.release();
    const last = new Contender(session, key);
    const granted = await last.grant();
    await operator.compact();
    await proxy.pass();
    await expect.poll(() => observer.tokens().at(-1), { timeout: 5000 }).toBe(granted.token);
    expect(observer.tokens()).toEqual([token, granted.token]);
    await observer.stop();
    await through.close();
    await direct.close();
    await proxy.close();
  });

  it('resumes a broken watch at a compacted revision by reading anew, without an error (T11)', async () => {
    const key = freshKey();
    const direct = etcd({ hosts: cluster.urls });
    const proxy = await startProxy(address);
    const through = etcd({ hosts: `http://127.0.0.1:${proxy.port}` });
    const session = await openSession(direct);
    const first = new Contender(session, key);
    const { token } = await first.grant();
    const observer = follow(through, key);
    await expect.poll(observer.tokens).toEqual([token]);
    proxy.blackHole('down');
    await first.release();
    const granted = await new Contender(session, key).grant();
    await operator.compact();
    // What was held back is lost with the connection; the next one is served.
    proxy.reset();
    await proxy.pass();
    await expect.poll(() => observer.tokens().at(-1)).toBe(granted.token);
    expect(observer.tokens()).toEqual([token, granted.token]);
    expect(await observer.stop()).toMatchObject({ message: 'enough' });
    await through.close();
    await direct.close();
    await proxy.close();
  });

  it('wakes a waiter whose watch broke and can only resume at a compacted revision', async () => {
    const key = freshKey();
    const direct = etcd({ hosts: cluster.urls });
    const proxy = await startProxy(address);
    const through = etcd({ hosts: `http://127.0.0.1:${proxy.port}` });
    const leader = new Contender(await openSession(direct), key);
    await leader.grant();
    const waiter = new Contender(await openSession(through), key);
    const parked = waiter.session.park(await waiter.held(), soon());
    await sleep(50);
    await operator.compact();
    proxy.reset();
    await parked;
    const again = waiter.session.park(await waiter.held(), soon());
    expect(await stateOf(again, 100)).toBeUndefined();
    await leader.release();
    await again;
    await waiter.grant();
    expect(await waiter.session.renew(soon())).toMatchObject({ news: [] });
    await through.close();
    await direct.close();
    await proxy.close();
  });

  it('hears of a release that happened while its connection was broken', async () => {
    const key = freshKey();
    const direct = etcd({ hosts: cluster.urls });
    const proxy = await startProxy(address);
    const through = etcd({ hosts: `http://127.0.0.1:${proxy.port}` });
    const leader = new Contender(await openSession(direct), key);
    await leader.grant();
    const waiter = new Contender(await openSession(through), key);
    const parked = waiter.session.park(await waiter.held(), soon());
    await sleep(50);
    proxy.blackHole('down');
    await leader.release();
    await sleep(50);
    expect(await stateOf(parked)).toBeUndefined();
    proxy.reset();
    await proxy.pass();
    await parked;
    await waiter.grant();
    await through.close();
    await direct.close();
    await proxy.close();
  });

  it('ends parks and observers with an error when no endpoint can be reached, and serves the next', async () => {
    const key = freshKey();
    const direct = etcd({ hosts: cluster.urls });
    const proxy = await startProxy(address);
    const through = etcd({ hosts: `http://127.0.0.1:${proxy.port}` });
    const leader = new Contender(await openSession(direct), key);
    await leader.grant();
    const waiter = new Contender(await openSession(through), key);
    const observer = follow(through, key);
    await expect.poll(() => observer.seen).toHaveLength(1);
    const parked = waiter.session.park(await waiter.held(), soon());
    await sleep(50);
    await proxy.refuse();
    await expect(parked).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await observer.stop()).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await proxy.pass();
    await expect.poll(() => waiter.claim().then(({ outcome }) => outcome, String)).toBe('held');
    const again = waiter.session.park(await waiter.held(), soon());
    await leader.release();
    await again;
    await through.close();
    await direct.close();
    await proxy.close();
  });

  it('replaces a watch stream that has said nothing for a whole renewal period', async () => {
    const key = freshKey();
    const { client, tally } = talliedClient(cluster.urls);
    const session = await openSession(etcd({ client }));
    await new Contender(session, key).grant();
    for (let i = 0; i < 4; i += 1) await session.renew(soon());
    expect(tally.watchStreams).toBe(1);
    tally.deafened = true;
    for (let i = 0; i < 3; i += 1) await session.renew(soon());
    expect(tally.watchStreams).toBe(2);
    client.close();
  });

  it('breaks nothing else when 200 parks are aborted at once, and leaves no watch behind', async () => {
    const key = freshKey();
    const { client, tally } = talliedClient(cluster.urls);
    const store = etcd({ client });
    const leader = new Contender(await openSession(store), key);
    await leader.grant();
    const leave = new AbortController();
    setMaxListeners(0, leave.signal);
    const sessions = await Promise.all(Array.from({ length: 200 }, () => openSession(store)));
    const parks = await Promise.all(
      sessions.map(async (session) => {
        const waiter = new Contender(session, key);
        const held = await waiter.held();
        return { waiter, parked: session.park(held, leave.signal).catch((error: unknown) => error) };
      }),
    );
    const observer = follow(store, key);
    await expect.poll(() => observer.seen).toHaveLength(1);
    // Each claim its own, each park, and the observer.
    await expect.poll(() => tally.watches).toBeGreaterThanOrEqual(201 + 200 + 1);
    const watches = tally.watches;
    leave.abort(new Error('enough'));
    expect(new Set(await Promise.all(parks.map(({ parked }) => parked)))).toEqual(
      new Set([leave.signal.reason]),
    );
    expect(tally.cancels).toBe(200);
    const news = await Promise.all(sessions.map((session) => session.renew(soon())));
    expect(news).toHaveLength(200);
    const second = (await operator.candidates(key)).at(1)!.key.toString();
    const { waiter } = parks.find((each) => second.endsWith(each.waiter.claimId))!;
    const parked = waiter.session.park(await waiter.held(), soon());
    await leader.release();
    await parked;
    await waiter.grant();
    await expect.poll(() => observer.seen).toHaveLength(2);
    expect(tally.watchStreams).toBe(1);
    // One for the park, and few to see that the stream is alive.
    expect(tally.watches).toBeLessThan(watches + 50);
    await observer.stop();
    client.close();
  });

  it('hears each thing once after a restart of the server, and has one worker (T22)', async () => {
    const key = freshKey();
    const store = etcd({ hosts: cluster.urls });
    const [leader, waiter] = [
      new Contender(await openSession(store), key),
      new Contender(await openSession(store), key),
    ];
    const { token } = await leader.grant();
    const held = await waiter.held();
    const tenure = createTenure({
      store: etcd({ hosts: cluster.urls }),
      namespace: key.namespace,
      ttlMs: 6000,
    });
    const election = tenure.election(key.name);
    const log: string[] = [];
    election.acquired.subscribe(() => log.push('acquired'));
    election.lost.subscribe(({ reason }) => log.push(`lost ${reason}`));
    election.start();
    await expect.poll(() => operator.candidates(key)).toHaveLength(3);
    let wakes = 0;
    let hints = 0;
    const parking = waiter.session.park(held, soon(30_000)).then(
      () => (wakes += 1),
      () => {},
    );
    leader.session.taken(() => (hints += 1));
    await sleep(100);
    for (let i = 0; i < 2; i += 1) {
      await cluster.members.at(0)!.restart();
      await expect
        .poll(() => leader.session.renew(soon(1000)).then(() => 'ok', String), { timeout: 10_000 })
        .toBe('ok');
      await expect
        .poll(() => waiter.session.renew(soon(1000)).then(() => 'ok', String), { timeout: 10_000 })
        .toBe('ok');
    }
    // A stream that could not be resumed at once ends its parks; that is when the core asks again.
    await Promise.race([parking, sleep(200)]);
    const again = waiter.session.park(await waiter.held(), soon());
    await store.evict(key, token, { force: false }, soon());
    await expect.poll(() => hints).toBe(1);
    await leader.release();
    await again;
    await waiter.grant();
    expect(wakes).toBeLessThanOrEqual(1);
    expect(log).toEqual([]);
    await waiter.release();
    await expect.poll(() => log, { timeout: 10_000 }).toEqual(['acquired']);
    await sleep(500);
    expect(log).toEqual(['acquired']);
    await tenure.close();
    await store.close();
  }, 60_000);
});
