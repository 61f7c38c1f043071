import { AccessDeniedError } from '@tenure/core/store';
import { Etcd3 } from 'etcd3';
import { afterAll, describe, expect, it } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startEtcd } from '../../../test/servers/etcd.ts';
import { etcd } from '../src/index.ts';
import { startingWith } from '../src/keys.ts';
import { Contender, nonce, openSession, soon, talliedClient } from './support.ts';

describe.skipIf(!(await serverOrSkip('etcd')))('claims and releases that come together', async () => {
  const cluster = await startEtcd();
  const freshKeys = (count: number): { readonly namespace: string; readonly name: string }[] => {
    const namespace = `batch-${nonce()}`;
    return Array.from({ length: count }, (_, index) => ({ namespace, name: `job ${index}` }));
  };

  afterAll(() => cluster.stop());

  it('cost a request for sixty-four of them, and each is answered for itself', async () => {
    const { client, tally } = talliedClient(cluster.urls);
    const session = await openSession(etcd({ client }));
    const contenders = freshKeys(200).map((key) => new Contender(session, key));
    const before = tally.unary;
    const terms = await Promise.all(contenders.map((contender) => contender.grant()));
    expect(tally.unary - before).toBe(4);
    expect(terms.map(({ key }) => key)).toEqual(contenders.map(({ key }) => key));
    const again = await Promise.all(contenders.map((contender) => contender.grant()));
    expect(again.map(({ token }) => token)).toEqual(terms.map(({ token }) => token));
    await Promise.all(contenders.map((contender) => contender.release()));
    expect(tally.unary - before).toBe(12);
    const next = await Promise.all(contenders.map(({ key }) => new Contender(session, key).grant()));
    expect(next.every(({ token }, index) => token > terms[index]!.token)).toBe(true);
    client.close();
  });

  it('never share a token, for one key', async () => {
    const store = etcd({ hosts: cluster.urls });
    const session = await openSession(store);
    const [key] = freshKeys(1);
    const contenders = Array.from({ length: 10 }, () => new Contender(session, key!));
    const outcomes = await Promise.all(contenders.map((contender) => contender.claim()));
    expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual([
      'granted',
      ...Array.from({ length: 9 }, () => 'held'),
    ]);
    const tokens: bigint[] = [];
    const waiting = new Set(contenders);
    // In the order in which they stand, whatever that is: the first of them holds the key.
    while (waiting.size > 0) {
      for (const contender of waiting) {
        const now = await contender.claim();
        if (now.outcome === 'held') continue;
        tokens.push(now.token);
        await contender.release();
        waiting.delete(contender);
      }
    }
    expect(new Set(tokens).size).toBe(10);
    expect(tokens).toEqual(tokens.toSorted((x, y) => Number(x - y)));
    await store.close();
  });

  it('do not suffer for one that is refused, nor for one that is given up', async () => {
    const admin = new Etcd3({ hosts: cluster.urls });
    const name = `writer-${nonce()}`;
    const [allowed, other, forbidden] = [...freshKeys(2), ...freshKeys(1)];
    const root = { username: 'root', password: 'x' };
    await admin.auth.userAdd({ name: 'root', password: 'x' });
    await admin.auth.userGrantRole({ user: 'root', role: 'root' });
    await admin.auth.roleAdd({ name });
    await admin.auth.roleGrantPermission({
      name,
      perm: { permType: 'Readwrite', ...startingWith(`${allowed!.namespace}/`) },
    } as never);
    await admin.auth.userAdd({ name, password: 'x' });
    await admin.auth.userGrantRole({ user: name, role: name });
    await admin.auth.authEnable();
    const store = etcd({ hosts: cluster.urls, auth: { username: name, password: 'x' } });
    try {
      const session = await openSession(store);
      const leaving = AbortSignal.abort(new Error('changed my mind'));
      const [granted, refused, left] = await Promise.allSettled([
        new Contender(session, allowed!).grant(),
        new Contender(session, forbidden!).grant(),
        session.claim(other!, { id: 'x', claimId: nonce(), acquiredAt: '2030-01-01T00:00:00.000Z' }, leaving),
      ]);
      expect(granted).toMatchObject({ status: 'fulfilled', value: { outcome: 'granted', key: allowed } });
      expect(refused).toMatchObject({ status: 'rejected', reason: expect.any(AccessDeniedError) });
      expect(left).toMatchObject({ status: 'rejected', reason: { message: 'changed my mind' } });
      expect(await store.holder(other!, soon())).toBeUndefined();
    } finally {
      await store.close();
      const again = new Etcd3({ hosts: cluster.urls, auth: root });
      await again.auth.authDisable();
      again.close();
      admin.close();
    }
  });
});
