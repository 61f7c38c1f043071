import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StoreUnavailableError } from '@tenure/core/store';
import { startProxy } from '@tenure/conformance/network';
import { describe, expect, test } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { memberOf } from './agent.ts';
import { failureOf, pass, soon, withConsul } from './bench.ts';

interface Reverse {
  readonly address: string;
  readonly queries: string[];
  /** What becomes of the index that a query is answered with. */
  index: (index: number, query: string) => number;
  readonly server: Server;
}

/** Hands requests on to a real agent, counts its blocking queries and may lie about the index. */
async function startReverse(port: number): Promise<Reverse> {
  const queries: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const path = incoming.url ?? '';
    const isQuery = incoming.method === 'GET' && path.startsWith('/v1/kv/');
    if (isQuery) queries.push(path);
    const { method, headers } = incoming;
    const onward = request({ port, path, method, headers, agent: false }, (answer) => {
      const index = Number(answer.headers['x-consul-index'] ?? 0);
      const lie = isQuery ? { 'x-consul-index': String(reverse.index(index, path)) } : {};
      outgoing.writeHead(answer.statusCode ?? 500, { ...answer.headers, ...lie });
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const reverse: Reverse = { address, queries, index: (index) => index, server };
  return reverse;
}

describe.skipIf(!(await serverOrSkip('consul')))('watching', () => {
  const here = withConsul();

  const proxied = async () => {
    const proxy = await startProxy({ host: '127.0.0.1', port: memberOf(here.cluster).port });
    return { proxy, address: `http://127.0.0.1:${proxy.port}` };
  };

  test('a partition that says nothing is trouble within a TTL: parks fail and renewals reject (T23)', async () => {
    const { proxy, address } = await proxied();
    const store = here.bench.store({ address });
    const session = await here.bench.open(store, 2000);
    await here.bench.grant(session, 'mine');
    await here.bench.grant(await here.bench.session(), 'theirs');
    const parked = session.park(await here.bench.held(session, 'theirs'), soon());
    await pass(100);
    proxy.blackHole();
    const start = performance.now();
    expect(await failureOf(parked)).toBeInstanceOf(StoreUnavailableError);
    expect(performance.now() - start).toBeLessThan(2000);
    await failureOf(session.renew(soon(300)));
    await proxy.pass();
    await session.renew(soon());
    await proxy.close();
  });

  test('a renewal asks for itself when the queries are silent, and rejects when it can not look', async () => {
    const { proxy, address } = await proxied();
    const reverse = await startReverse(memberOf(here.cluster).port);
    const session = await here.bench.session({ address: reverse.address }, 2000);
    await here.bench.grant(session);
    await pass(700);
    const answered = reverse.queries.length;
    await session.renew(soon());
    expect(reverse.queries.length, 'the queries had been answered').toBeLessThanOrEqual(answered + 1);

    const other = await here.bench.session({ address }, 2000);
    const granted = await here.bench.grant(other, 'other');
    await proxy.refuse();
    expect(await failureOf(other.renew(soon()))).toBeInstanceOf(StoreUnavailableError);
    await here.bench.agent.delete(`/kv/${here.bench.path('other')}`);
    await proxy.pass();
    expect((await other.renew(soon())).news).toEqual([{ claimId: granted.claimId, what: 'deleted' }]);
    await proxy.close();
    reverse.server.closeAllConnections();
    reverse.server.close();
  });

  test('an index that goes back, is zero or stays the same neither hides a change nor spins (T29)', async () => {
    const reverse = await startReverse(memberOf(here.cluster).port);
    const holder = await here.bench.session();
    const session = await here.bench.session({ address: reverse.address }, 4000);
    let answers = 0;
    const goesBack = (index: number) => ((answers += 1) % 3 === 0 ? Math.max(1, index - 50) : index);
    const lies: Reverse['index'][] = [(index) => index, () => 0, goesBack];
    for (const [round, lie] of lies.entries()) {
      const name = `job-${round}`;
      const granted = await here.bench.grant(holder, name);
      reverse.index = lie;
      const parked = session.park(await here.bench.held(session, name), soon());
      await pass(300);
      const before = reverse.queries.length;
      await pass(1500);
      expect(reverse.queries.length - before, `queries in 1.5 s, lie ${round}`).toBeLessThan(25);
      await holder.release(here.bench.key(name), granted.claimId, soon());
      const start = performance.now();
      await parked;
      expect(performance.now() - start, `lie ${round}`).toBeLessThan(2500);
    }
    reverse.server.closeAllConnections();
    reverse.server.close();
  });

  test('a key that is deleted wakes at once, at whatever index (T30)', async () => {
    const session = await here.bench.session();
    const other = await here.bench.session();
    for (let round = 0; round < 10; round += 1) {
      const granted = await here.bench.grant(session);
      const held = await here.bench.held(other);
      const parked = other.park(held, soon());
      if (round % 2) await pass(20);
      await here.bench.agent.delete(`/kv/${here.bench.path()}`);
      const start = performance.now();
      await parked;
      expect(performance.now() - start).toBeLessThan(500);
      await session.release(here.bench.key(), granted.claimId, soon());
    }
  });

  test('a key that was freed between the claim and its query wakes at once', async () => {
    const session = await here.bench.session();
    const other = await here.bench.session();
    for (const isKnown of [false, true]) {
      // The second time the key is among those that are watched already.
      if (isKnown) await here.bench.grant(other, 'neighbour');
      const granted = await here.bench.grant(session);
      const held = await here.bench.held(other);
      await session.release(here.bench.key(), granted.claimId, soon());
      await pass(50);
      await other.park(held, soon(1000));
    }
  });

  test('the abort of a park takes effect at once and leaves no query behind', async () => {
    const { proxy, address } = await proxied();
    await here.bench.grant(await here.bench.session());
    const session = await here.bench.session({ address });
    const held = await here.bench.held(session);
    const before = proxy.open;
    const leave = new AbortController();
    const parked = session.park(held, leave.signal);
    await expect.poll(() => proxy.open).toBe(before + 1);
    const reason = new Error('not now');
    leave.abort(reason);
    expect(await failureOf(parked)).toBe(reason);
    await expect.poll(() => proxy.open).toBe(before);
    expect(await failureOf(session.park(held, leave.signal))).toBe(reason);
    await proxy.close();
  });

  test('foreign keys that change all the time below a common prefix cost a few looks a second', async () => {
    const reverse = await startReverse(memberOf(here.cluster).port);
    const holder = await here.bench.session();
    const session = await here.bench.session({ address: reverse.address, maxConnections: 4 });
    for (const name of ['a-1', 'a-2']) await here.bench.grant(holder, name);
    const { claimId } = await here.bench.grant(holder, 'a-3');
    const held = await here.bench.held(session, 'a-3');
    const over = new AbortController();
    const others = ['a-1', 'a-2'].map(async (name) =>
      session.park(await here.bench.held(session, name), over.signal).catch(() => {}),
    );
    const parked = session.park(held, soon(20_000));
    await pass(200);
    const churn = (async () => {
      for (let i = 0; !over.signal.aborted; i += 1) {
        await here.bench.agent.put(`/kv/${here.bench.namespace}/a-foreign`, String(i));
      }
    })();
    await pass(1000);
    const before = reverse.queries.length;
    await pass(2000);
    expect(reverse.queries.length - before).toBeLessThan(25);
    const start = performance.now();
    await holder.release(here.bench.key('a-3'), claimId, soon());
    await parked;
    expect(performance.now() - start).toBeLessThan(1000);
    over.abort();
    await churn;
    await Promise.all(others);
    reverse.server.closeAllConnections();
    reverse.server.close();
  });
});
