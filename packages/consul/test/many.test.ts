import { startProxy } from '@tenure/conformance/network';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startConsul, type ConsulCluster } from '../../../test/servers/consul.ts';
import { memberOf } from './agent.ts';
import { Bench, pass, soon } from './bench.ts';

const HELD = 1000;
const AWAITED = 200;

describe.skipIf(!(await serverOrSkip('consul', { own: true })))('a thousand keys', () => {
  let cluster: ConsulCluster;
  let bench: Bench;
  beforeAll(async () => {
    cluster = await startConsul({ own: true });
  });
  afterAll(() => cluster.stop());
  beforeEach(() => {
    bench = new Bench(memberOf(cluster).url);
  });
  afterEach(() => bench.end());

  const names = (folder: string, count: number) =>
    Array.from({ length: count }, (_, index) => `${folder}-${index}`);

  test('are held and awaited by one session within 32 connections, and each of them answers', async () => {
    const proxy = await startProxy({ host: '127.0.0.1', port: memberOf(cluster).port });
    const theirs = names('theirs', AWAITED);
    const holder = await bench.session();
    const granted = await Promise.all(theirs.map((name) => bench.grant(holder, name)));

    const session = await bench.session({ address: `http://127.0.0.1:${proxy.port}` }, 6000);
    await Promise.all(names('mine', HELD - 2).map((name) => bench.grant(session, name)));
    const [first, second] = [await bench.grant(session, 'mine-x'), await bench.grant(session, 'mine-y')];
    const held = await Promise.all(theirs.map((name) => bench.held(session, name)));
    const parks = held.map((each) => session.park(each, soon(30_000)));
    await pass(500);
    expect(proxy.open).toBeLessThanOrEqual(32);
    expect((await session.renew(soon())).news).toEqual([]);
    // Everything is where it was, 15 queries may have been cut for better ones.
    await Promise.all(granted.map(({ key, claimId }) => holder.release(key, claimId, soon(20_000))));
    await Promise.all(parks);
    expect(proxy.open).toBeLessThanOrEqual(32);

    await bench.agent.delete(`/kv/${bench.path(first.key.name)}`);
    await bench.store().evict(second.key, second.token, { force: true }, soon());
    await expect
      .poll(async () => (await session.renew(soon())).news)
      .toEqual([
        { claimId: first.claimId, what: 'deleted' },
        { claimId: second.claimId, what: 'forced' },
      ]);
    await session.close(soon(20_000));
    expect(await bench.agent.keys(`${bench.namespace}/`)).toEqual([]);
    await proxy.close();
  });

  test('cost no more requests at rest than sixteen', async () => {
    const proxy = await startProxy({ host: '127.0.0.1', port: memberOf(cluster).port });
    const requestsAtRest = async (count: number): Promise<number> => {
      const session = await bench.session({ address: `http://127.0.0.1:${proxy.port}` }, 4000);
      await Promise.all(names('mine', count).map((name) => bench.grant(session, name)));
      await pass(1500);
      const before = proxy.bytes.up;
      for (let i = 0; i < 3; i += 1) {
        await pass(1000);
        await session.renew(soon());
      }
      const requestBytes = 200;
      const sent = (proxy.bytes.up - before) / requestBytes;
      await session.close(soon(20_000));
      return sent;
    };
    const few = await requestsAtRest(16);
    const many = await requestsAtRest(HELD);
    expect(many).toBeLessThanOrEqual(few * 1.5);
    await proxy.close();
  });
});
