import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, describe, expect, it } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { findBinary } from '../../../test/servers/binaries.ts';
import { startEtcd } from '../../../test/servers/etcd.ts';
import { etcd } from '../src/index.ts';
import { Contender, nonce, openSession, Operator, soon } from './support.ts';

describe.skipIf(!(await serverOrSkip('etcd', { own: true })))('beside other programs in etcd', async () => {
  const cluster = await startEtcd({ own: true });
  const operator = new Operator(cluster.urls);
  const store = etcd({ hosts: cluster.urls });
  const etcdctl = await findBinary('etcdctl');
  const freshKey = (name = 'job') => ({ namespace: `interop-${nonce()}`, name });

  afterAll(async () => {
    await store.close();
    operator.client.close();
    await cluster.stop();
  });

  it("waits behind another program's candidate, shows it raw, and makes it wait", async () => {
    const key = freshKey();
    const first = await operator.stand(key, 'somebody else');
    const contender = new Contender(await openSession(store), key);
    const held = await contender.held();
    expect(held.holder).toMatchObject({ key: 'job', value: 'somebody else' });
    const last = await operator.stand(key, 'somebody else again');
    const parked = contender.session.park(held, soon());
    await first.leave();
    await parked;
    const { token } = await contender.grant();
    expect((await store.holder(key, soon()))?.token).toBe(token);
    await contender.release();
    expect((await store.list({ ...key, name: '' }, soon())).map(({ value }) => value)).toEqual([
      'somebody else again',
    ]);
    await last.leave();
  });

  it("can't ask another program's candidate to let go, but takes its key by force", async () => {
    const key = freshKey();
    const other = await operator.stand(key, 'somebody else');
    const token = (await store.holder(key, soon()))!.token;
    expect(await store.evict(key, token, { force: false }, soon())).toBe(false);
    expect(await store.evict(key, token, { force: true }, soon())).toBe(true);
    expect(await store.holder(key, soon())).toBeUndefined();
    expect(await operator.keysUnder(`${key.namespace}/`)).toEqual([]);
    await other.leave();
  });

  it.skipIf(!etcdctl)('stands in one election with etcdctl elect, in either order', async () => {
    const key = freshKey();
    const election = `${key.namespace}/${key.name}`;
    const contender = new Contender(await openSession(store), key);
    const { token } = await contender.grant();
    const ctl = cluster.cli(['elect', election, 'ctl']);
    await expect.poll(() => operator.candidates(key)).toHaveLength(2);
    await contender.release();
    expect(await firstLine(ctl)).toMatch(new RegExp(`^${election}/[0-9a-f]+$`, 'u'));
    const second = new Contender(contender.session, key);
    const held = await second.held();
    expect(held.holder?.value).toBe('ctl');
    expect(held.holder!.token > token).toBe(true);
    const parked = second.session.park(held, soon());
    ctl.kill('SIGINT');
    await parked;
    await second.grant();

    const observer = cluster.cli(['elect', '-l', election]);
    expect(await firstLine(observer)).toContain(second.claimId);
    observer.kill('SIGKILL');
    await second.release();
  });

  it.skipIf(!etcdctl)(
    'writes a slash in a name so that etcdctl elect on a shorter name is not held up',
    async () => {
      const key = freshKey('a/b');
      await new Contender(await openSession(store), key).grant();
      const free = cluster.cli(['elect', `${key.namespace}/a`, 'ctl']);
      expect(await firstLine(free)).toContain(`${key.namespace}/a/`);
      free.kill('SIGINT');
      await once(free, 'exit');
    },
  );

  it('takes a checkpoint that a person wrote, and puts its own in its place', async () => {
    const key = freshKey();
    await operator.client.put(`${key.namespace}/.checkpoint/${key.name}`).value('by hand');
    const session = await openSession(store);
    const first = new Contender(session, key);
    const granted = await first.grant();
    expect(granted.checkpoint).toBe('by hand');
    await session.save(granted, 'page 1', 1, soon());
    await first.release();
    expect((await new Contender(session, key).grant()).checkpoint).toBe('page 1');
  });

  it('can still give up its key after a person has overwritten it', async () => {
    const key = freshKey();
    const contender = new Contender(await openSession(store), key);
    await contender.grant();
    const path = (await operator.candidates(key)).at(0)!.key.toString();
    await operator.client.put(path).value('mine now');
    expect(await store.holder(key, soon())).toMatchObject({ value: 'mine now' });
    await contender.release();
    expect(await operator.candidates(key)).toEqual([]);
  });
});

async function firstLine(child: ChildProcess): Promise<string> {
  let text = '';
  for await (const chunk of child.stdout!) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return text.split('\n', 1).join('');
}
