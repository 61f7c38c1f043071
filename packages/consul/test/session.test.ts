import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InvalidArgumentError, SessionGoneError, StoreUnavailableError } from '@tenure/core/store';
import { startProxy } from '@tenure/conformance/network';
import { describe, expect, onTestFinished, test } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { memberOf } from './agent.ts';
import { failureOf, nonce, pass, soon, withConsul } from './bench.ts';

describe.skipIf(!(await serverOrSkip('consul')))('a session', () => {
  const here = withConsul();

  const shown = async (id: string) => (await here.bench.agent.sessions()).find(({ ID }) => ID === id);

  test('says everything explicitly: TTL, no lock-delay, behaviour, and no check, not even the node (T13)', async () => {
    const session = await here.bench.session({}, 2500);
    expect(session.ttlMs).toBe(2500);
    const raw = await shown(session.id);
    expect(raw).toMatchObject({ TTL: '2500ms', LockDelay: 0, Behavior: 'release' });
    expect([...(raw?.Checks ?? []), ...(raw?.NodeChecks ?? [])]).toEqual([]);
    expect((await session.renew(soon())).ttlMs).toBe(2500);
  });

  test('hangs on the checks that were named, and on no other', async () => {
    await here.bench.agent.put('/agent/check/register', { Name: 'alive', TTL: '1h', Status: 'passing' });
    await here.bench.agent.put('/agent/check/register', { Name: 'unrelated', TTL: '1h', Status: 'passing' });
    const bound = await here.bench.session({ checks: ['alive'], lockDelayMs: 1500, behavior: 'delete' });
    const raw = await shown(bound.id);
    expect(raw).toMatchObject({ LockDelay: 1_500_000_000, Behavior: 'delete' });
    expect(new Set([...(raw?.Checks ?? []), ...(raw?.NodeChecks ?? [])])).toEqual(new Set(['alive']));
    const free = await here.bench.session();
    await here.bench.agent.put('/agent/check/fail/unrelated');
    await pass(200);
    await bound.renew(soon());
    await here.bench.agent.put('/agent/check/fail/alive');
    await expect.poll(() => failureOf(bound.renew(soon()))).toBeInstanceOf(SessionGoneError);
    await free.renew(soon());
    for (const id of ['alive', 'unrelated']) await here.bench.agent.put(`/agent/check/deregister/${id}`);
  });

  test('is renewed whatever options it was made with (T34), for longer than Consul keeps one that is not', async () => {
    const session = await here.bench.session({ behavior: 'delete', lockDelayMs: 1000 }, 1000);
    await here.bench.grant(session);
    for (let i = 0; i < 12; i += 1) {
      await pass(300);
      expect((await session.renew(soon())).news).toEqual([]);
    }
  });

  test('may live for two TTLs, of which only the first is promised (T28)', async () => {
    const session = await here.bench.session({}, 1500);
    expect((await session.renew(soon())).ttlMs).toBe(1500);
    const start = performance.now();
    await expect.poll(() => shown(session.id), { timeout: 10_000, interval: 20 }).toBeUndefined();
    const lived = performance.now() - start;
    expect(lived).toBeGreaterThan(1500);
    expect(lived).toBeLessThan(2 * 1500 + 1000);
  });

  test('is gone when Consul says so, and only then: an error that may pass is no end (T26)', async () => {
    const proxy = await startProxy({ host: '127.0.0.1', port: memberOf(here.cluster).port });
    const session = await here.bench.session({ address: `http://127.0.0.1:${proxy.port}` });
    for (let i = 0; i < 3; i += 1) {
      await proxy.refuse();
      expect(await failureOf(session.renew(soon()))).toBeInstanceOf(StoreUnavailableError);
      await proxy.pass();
      await session.renew(soon());
    }
    expect(session.gone.aborted).toBe(false);
    await here.bench.agent.put(`/session/destroy/${session.id}`);
    expect(await failureOf(session.renew(soon()))).toBeInstanceOf(SessionGoneError);
    expect(await failureOf(session.claim(here.bench.key(), here.bench.record(), soon()))).toBeInstanceOf(
      SessionGoneError,
    );
    expect(session.gone.aborted).toBe(true);
    await session.close(soon());
    await proxy.close();
  });

  test('is not gone for a 404 of something in between, which does not know it', async () => {
    let isStrange = false;
    const gateway = createServer((asked, answer) => {
      if (isStrange) {
        answer.writeHead(404).end('404 page not found');
        return;
      }
      const { method, url: path, headers } = asked;
      const { port } = memberOf(here.cluster);
      const onward = request({ host: '127.0.0.1', port, method, path, headers }, (got) => {
        answer.writeHead(got.statusCode ?? 500, got.headers);
        got.pipe(answer);
      });
      asked.pipe(onward);
    });
    await new Promise<void>((resolve) => {
      gateway.listen(0, '127.0.0.1', resolve);
    });
    onTestFinished(() => {
      gateway.closeAllConnections();
      gateway.close();
    });
    const { port } = gateway.address() as AddressInfo;
    const session = await here.bench.session({ address: `http://127.0.0.1:${port}` });
    await session.renew(soon());
    isStrange = true;
    expect(await failureOf(session.renew(soon()))).toBeInstanceOf(StoreUnavailableError);
    expect(session.gone.aborted).toBe(false);
    isStrange = false;
    await session.renew(soon());
  });

  test('is not kept alive by anything but a renewal: nothing else asks for it (T25)', async () => {
    const session = await here.bench.session({}, 1000);
    const other = await here.bench.session();
    await here.bench.grant(session);
    const held = await here.bench.held(other);
    const leave = new AbortController();
    const stuck = session.park({ ...held, key: here.bench.key('elsewhere') }, leave.signal).catch(() => {});
    const start = performance.now();
    await other.park(held, soon());
    expect(performance.now() - start).toBeLessThan(3500);
    await here.bench.grant(other);
    leave.abort();
    await stuck;
  });

  test('is adopted when its request went through unanswered, and duplicates are destroyed', async () => {
    const proxy = await startProxy({ host: '127.0.0.1', port: memberOf(here.cluster).port });
    const store = here.bench.store({ address: `http://127.0.0.1:${proxy.port}` });
    const id = nonce();
    const cut = proxy.cutAnswer({ matching: id });
    await failureOf(here.bench.open(store, 5000, id));
    await cut;
    const name = `${here.bench.namespace} (tenure ${id})`;
    expect((await here.bench.agent.sessions()).map(({ Name }) => Name)).toContain(name);
    await here.bench.agent.createSession({ Name: name, TTL: '5s' });
    const session = await here.bench.open(store, 5000, id);
    expect(session.adopted).toBe(true);
    expect(session.ttlMs).toBe(5000);
    const left = (await here.bench.agent.sessions()).filter(({ Name }) => Name === name);
    expect(left.map(({ ID }) => ID)).toEqual([session.id]);
    await proxy.close();
  });

  test('with a TTL that the agent does not grant is refused for good', async () => {
    const error = await failureOf(here.bench.session({ minTtlMs: 100 }, 500));
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error.message).toMatch(/session_ttl_min/u);
  });

  test('close gives the keys back before it ends the session, so that no lock-delay keeps them', async () => {
    const session = await here.bench.session({ lockDelayMs: 20_000 });
    const names = Array.from({ length: 30 }, (_, index) => `job-${index}`);
    await Promise.all(names.map((name) => here.bench.grant(session, name)));
    await session.close(soon());
    expect(await shown(session.id)).toBeUndefined();
    expect(await here.bench.agent.keys(`${here.bench.namespace}/`)).toEqual([]);
    const next = await here.bench.session();
    await Promise.all(names.map((name) => here.bench.grant(next, name)));
    await session.close(soon());
  });

  test('close settles at once when it is told to, with nothing answering', async () => {
    const proxy = await startProxy({ host: '127.0.0.1', port: memberOf(here.cluster).port });
    const session = await here.bench.session({ address: `http://127.0.0.1:${proxy.port}` }, 1000);
    await here.bench.grant(session);
    proxy.blackHole();
    const start = performance.now();
    await failureOf(session.close(soon(200)));
    expect(performance.now() - start).toBeLessThan(1000);
    await proxy.close();
  });
});
