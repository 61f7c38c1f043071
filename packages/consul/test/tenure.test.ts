import { startProxy } from '@tenure/conformance/network';
import { createTenure, type Tenure } from '@tenure/core';
import { consul } from '@tenure/consul';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startConsul, type ConsulCluster } from '../../../test/servers/consul.ts';
import { Agent, memberOf } from './agent.ts';
import { nonce } from './bench.ts';

const TTL_MS = 2000;

describe.skipIf(!(await serverOrSkip('consul', { own: true })))('an election on Consul', () => {
  let cluster: ConsulCluster;
  const made: Tenure[] = [];
  beforeAll(async () => {
    cluster = await startConsul({ own: true });
  });
  afterAll(() => cluster.stop());
  afterEach(async () => {
    await Promise.all(made.splice(0).map((tenure) => tenure.close()));
  });

  const stand = (id: string, namespace: string, address: string) => {
    const tenure = createTenure({
      store: consul({ address, minTtlMs: 1000 }),
      namespace,
      ttlMs: TTL_MS,
      candidate: { id },
    });
    made.push(tenure);
    const events: { what: string; at: number; token?: bigint }[] = [];
    const election = tenure.election('job');
    election.acquired.subscribe(({ token }) =>
      events.push({ what: 'acquired', at: performance.now(), token }),
    );
    election.lost.subscribe(() => events.push({ what: 'lost', at: performance.now() }));
    const at = (what: string) => events.find((event) => event.what === what)?.at;
    return { tenure, election, events, at };
  };

  test('a leader behind a black hole knows before the next one begins, and stands again after it heals (T23, T24)', async () => {
    const proxy = await startProxy({ host: '127.0.0.1', port: memberOf(cluster).port });
    const namespace = `tenure-${nonce()}`;
    const one = stand('one', namespace, `http://127.0.0.1:${proxy.port}`);
    one.election.start();
    await expect.poll(() => one.at('acquired')).toBeDefined();
    const two = stand('two', namespace, memberOf(cluster).url);
    two.election.start();
    proxy.blackHole();
    await expect.poll(() => two.at('acquired'), { timeout: 20_000 }).toBeDefined();
    expect(one.at('lost')).toBeLessThan(two.at('acquired') ?? 0);
    await proxy.pass();
    await two.election.stop();
    await expect
      .poll(() => one.events.filter(({ what }) => what === 'acquired').length, { timeout: 20_000 })
      .toBe(2);
    const tokens = [...one.events, ...two.events].flatMap(({ token }) => (token === undefined ? [] : token));
    expect(new Set(tokens).size).toBe(3);
    await proxy.close();
  });

  test('a close leaves no key, no session and no connection', async () => {
    const proxy = await startProxy({ host: '127.0.0.1', port: memberOf(cluster).port });
    const agent = new Agent(memberOf(cluster).url);
    const namespace = `tenure-${nonce()}`;
    const { tenure, election, at } = stand('one', namespace, `http://127.0.0.1:${proxy.port}`);
    election.start();
    await expect.poll(() => at('acquired')).toBeDefined();
    await Promise.all(Array.from({ length: 50 }, (_, index) => tenure.lock(`lock-${index}`).acquire()));
    expect(await agent.keys(`${namespace}/`)).toHaveLength(51);
    const before = await agent.sessions();
    await tenure.close();
    expect(await agent.keys(`${namespace}/`)).toEqual([]);
    expect((await agent.sessions()).length).toBe(before.length - 1);
    await expect.poll(() => proxy.open).toBe(0);
    await proxy.close();
  });

  test('a leader whose store goes away for less than its TTL leads on (T26, T27)', async () => {
    const proxy = await startProxy({ host: '127.0.0.1', port: memberOf(cluster).port });
    const { election, at, events } = stand('one', `tenure-${nonce()}`, `http://127.0.0.1:${proxy.port}`);
    election.start();
    await expect.poll(() => at('acquired')).toBeDefined();
    for (let round = 0; round < 3; round += 1) {
      await proxy.refuse();
      await new Promise((resolve) => {
        setTimeout(resolve, TTL_MS / 4);
      });
      await proxy.pass();
      await new Promise((resolve) => {
        setTimeout(resolve, TTL_MS);
      });
    }
    expect(events.map(({ what }) => what)).toEqual(['acquired']);
    await election.stop();
    await proxy.close();
  });

  test('writes its record back, when somebody has put something else over it (T31)', async () => {
    const namespace = `tenure-${nonce()}`;
    const { tenure, election, at } = stand('one', namespace, memberOf(cluster).url);
    election.start();
    await expect.poll(() => at('acquired')).toBeDefined();
    const held = (await tenure.leaders())[0];
    const agent = new Agent(memberOf(cluster).url);
    const [path] = await agent.keys(`${namespace}/`);
    await agent.put(`/kv/${path}`, 'graffiti');
    await expect.poll(async () => (await tenure.leaders())[0]?.id, { timeout: 10_000 }).toBe('one');
    expect((await tenure.leaders())[0]?.token).toBe(held?.token);
    expect(at('lost')).toBeUndefined();
  });
});
