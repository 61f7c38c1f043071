import { createTenure } from '@tenure/core';
import { ClaimLostError, SessionGoneError } from '@tenure/core/store';
import { startProxy } from '@tenure/conformance/network';
import { afterAll, describe, expect, it } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startEtcd } from '../../../test/servers/etcd.ts';
import { etcd } from '../src/index.ts';
import { Contender, nonce, openSession, Operator, sleep, soon, stateOf } from './support.ts';

describe.skipIf(!(await serverOrSkip('etcd')))('the queue of an election in etcd', async () => {
  const cluster = await startEtcd();
  const operator = new Operator(cluster.urls);
  const store = etcd({ hosts: cluster.urls });
  const freshKey = (name = 'job') => ({ namespace: `queue-${nonce()}`, name });
  const contend = async (key = freshKey()) => new Contender(await openSession(store), key);

  afterAll(async () => {
    await store.close();
    operator.client.close();
    await cluster.stop();
  });

  it('does not elect a waiter whose lease died when its predecessor leaves (T1, T2)', async () => {
    const key = freshKey();
    const [leader, waiter] = [await contend(key), await contend(key)];
    await leader.grant();
    const parked = waiter.session.park(await waiter.held(), soon());
    await operator.revoke(waiter.session);
    await leader.release();
    await parked;
    await expect(waiter.claim()).rejects.toBeInstanceOf(SessionGoneError);
    expect(waiter.session.gone.aborted).toBe(true);
    expect(await operator.candidates(key)).toEqual([]);
  });

  it('does not make a tenure of a waiter whose lease died when its predecessor leaves (T1, T2)', async () => {
    const key = freshKey();
    const leader = await contend(key);
    await leader.grant();
    const tenure = createTenure({
      store: etcd({ hosts: cluster.urls }),
      namespace: key.namespace,
      ttlMs: 3000,
    });
    const tokens: bigint[] = [];
    const election = tenure.election(key.name);
    election.acquired.subscribe(({ token }) => tokens.push(token));
    election.start();
    await expect.poll(() => operator.candidates(key)).toHaveLength(2);
    const doomed = (await operator.candidates(key)).at(1)!;
    await operator.client.leaseClient.leaseRevoke({ ID: doomed.lease });
    await leader.release();
    await expect.poll(() => tokens).toHaveLength(1);
    // It leads with a key of its new session, never by the place of the dead one.
    const holder = (await operator.candidates(key)).at(0)!;
    expect(String(tokens[0])).toBe(holder.create_revision);
    expect(holder.lease).not.toBe(doomed.lease);
    await tenure.close();
  });

  it('wakes a waiter whose own lease expires or whose own key is deleted, although its predecessor stays (T4)', async () => {
    const key = freshKey();
    const leader = await contend(key);
    await leader.grant();
    const dead = await contend(key);
    const deadPark = dead.session.park(await dead.held(), soon());
    const struck = await contend(key);
    const struckPark = struck.session.park(await struck.held(), soon());
    await operator.revoke(dead.session);
    await operator.deleteClaim(key, struck.session, struck.claimId);
    await Promise.all([deadPark, struckPark]);
    await expect(dead.claim()).rejects.toBeInstanceOf(SessionGoneError);
    await struck.held();
    await leader.release();
    await struck.grant();
  });

  it('leaves no ghost of a claim that failed on its way, once that is released (T5, T6)', async () => {
    const key = freshKey();
    const proxy = await startProxy({ host: '127.0.0.1', port: cluster.members.at(0)!.port });
    const through = etcd({ hosts: `http://127.0.0.1:${proxy.port}` });
    const contender = new Contender(await openSession(through), key);
    const applied = proxy.cutAnswer({ matching: contender.claimId, hang: true });
    const patience = new AbortController();
    const claim = contender.session.claim(
      key,
      { id: 'x', claimId: contender.claimId, acquiredAt: 'now' },
      patience.signal,
    );
    await applied;
    expect(await operator.candidates(key)).toHaveLength(1);
    patience.abort(new Error('enough'));
    await expect(claim).rejects.toThrow('enough');
    // The signal of the claim is spent; its clean-up has one of its own.
    await contender.release();
    expect(await operator.candidates(key)).toEqual([]);
    await contender.release();
    await through.close();
    await proxy.close();
  });

  it('gives up its key by a repeated release when the first was not answered (T7)', async () => {
    const key = freshKey();
    const proxy = await startProxy({ host: '127.0.0.1', port: cluster.members.at(0)!.port });
    const through = etcd({ hosts: `http://127.0.0.1:${proxy.port}` });
    const contender = new Contender(await openSession(through), key);
    await contender.grant();
    await proxy.refuse();
    await expect(contender.release()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await operator.candidates(key)).toHaveLength(1);
    await proxy.pass();
    await expect.poll(() => contender.release().then(() => 'released', String)).toBe('released');
    expect(await operator.candidates(key)).toEqual([]);
    await through.close();
    await proxy.close();
  });

  it('does not let a stale release delete a newer claim of the same session (T8)', async () => {
    const first = await contend();
    await first.grant();
    await first.release();
    const second = new Contender(first.session, first.key);
    const granted = await second.grant();
    await first.release();
    expect((await second.grant()).token).toBe(granted.token);
  });

  it('grants a session whose key an operator deleted a new term, and the old one can touch nothing (T9)', async () => {
    const first = await contend();
    const past = await first.grant();
    await operator.deleteHolder(first.key);
    await expect
      .poll(async () => (await first.session.renew(soon())).news)
      .toEqual([{ claimId: first.claimId, what: 'deleted' }]);
    const second = new Contender(first.session, first.key);
    const granted = await second.grant();
    expect(granted.token > past.token).toBe(true);
    const record = { id: 'x', claimId: first.claimId, acquiredAt: 'now' };
    await expect(first.session.announce(past, record, soon())).rejects.toBeInstanceOf(ClaimLostError);
    await expect(first.session.save(past, 'old', 9, soon())).rejects.toBeInstanceOf(ClaimLostError);
    await first.release();
    expect((await second.grant()).token).toBe(granted.token);
    expect((await first.session.renew(soon())).news).toEqual([]);
  });

  it('does not mix up elections one of whose names begins with the other (T10)', async () => {
    const { namespace } = freshKey();
    const names = ['a', 'ab', 'a/b', 'a%2Fb', 'a/', '.checkpoint', '.asked', ''];
    const grants = await Promise.all(
      names.map((name) => contend({ namespace, name }).then((c) => c.grant())),
    );
    const listed = await store.list({ namespace, name: '' }, soon());
    expect(listed.map(({ key }) => key).toSorted()).toEqual(names.toSorted());
    for (const { key, token } of grants) {
      expect((await store.holder(key, soon()))?.token).toBe(token);
    }
    // A namespace may hold slashes, and is then still no election of another.
    await (await contend({ namespace: `${namespace}/a`, name: 'x' })).grant();
    expect(await operator.candidates({ namespace, name: 'a' })).toHaveLength(1);
  });

  it('keeps no lease and no key when a session ends, and nothing of a claim that a sibling outlives (T16)', async () => {
    const first = await contend();
    const sibling = new Contender(first.session, { ...first.key, name: 'other' });
    await first.grant();
    await sibling.grant();
    await first.release();
    for (let i = 0; i < 4; i += 1) await first.session.renew(soon());
    expect(await operator.keysUnder(`${first.key.namespace}/job/`)).toEqual([]);
    await first.session.close(soon());
    expect(await operator.leases()).not.toContain(first.session.id);
    expect(await operator.keysUnder(`${first.key.namespace}/`)).toEqual([]);
  });

  it('lets a waiter save and announce nothing, not even with the create revision of its own key', async () => {
    const key = freshKey();
    const [leader, waiter] = [await contend(key), await contend(key)];
    const granted = await leader.grant();
    await waiter.held();
    const token = BigInt((await operator.candidates(key)).at(1)!.create_revision);
    const forged = { ...granted, claimId: waiter.claimId, token };
    const record = { id: 'x', claimId: waiter.claimId, acquiredAt: 'now' };
    await expect(waiter.session.save(forged, 'stolen', 1, soon())).rejects.toBeInstanceOf(ClaimLostError);
    await expect(waiter.session.announce(forged, record, soon())).rejects.toBeInstanceOf(ClaimLostError);
    await leader.release();
    expect(await waiter.claim()).toMatchObject({ outcome: 'granted', token, checkpoint: undefined });
    await waiter.session.save(forged, 'mine', 1, soon());
  });

  it('wakes the next in the queue only, of many that wait', async () => {
    const key = freshKey();
    const leader = await contend(key);
    await leader.grant();
    const waiters: { waiter: Contender; parked: Promise<void> }[] = [];
    for (let i = 0; i < 5; i += 1) {
      const waiter = await contend(key);
      waiters.push({ waiter, parked: waiter.session.park(await waiter.held(), soon()) });
    }
    await leader.release();
    await waiters.at(0)!.parked;
    await sleep(50);
    const states = await Promise.all(waiters.slice(1).map(({ parked }) => stateOf(parked)));
    expect(states).toEqual([undefined, undefined, undefined, undefined]);
    for (const { waiter, parked } of waiters) {
      await parked;
      await waiter.grant();
      await waiter.release();
    }
  });

  it('finds the predecessor of a waiter that asks again from the middle of the queue', async () => {
    const key = freshKey();
    const [leader, middle, last] = [await contend(key), await contend(key), await contend(key)];
    await leader.grant();
    await middle.held();
    await last.held();
    const again = await middle.held();
    const parked = middle.session.park(again, soon());
    await leader.release();
    await parked;
    await middle.grant();
  });

  it('hands over soon after a waiter has come, not after 100 ms of catching up', async () => {
    const key = freshKey();
    const laps: number[] = [];
    let leader = await contend(key);
    await leader.grant();
    for (let i = 0; i < 10; i += 1) {
      const waiter = await contend(key);
      const parked = waiter.session.park(await waiter.held(), soon());
      await sleep(20);
      const start = performance.now();
      await leader.release();
      await parked;
      await waiter.grant();
      laps.push(performance.now() - start);
      leader = waiter;
    }
    const median = laps.toSorted((a, b) => a - b).at(5)!;
    expect(median).toBeLessThan(60);
  });
});
