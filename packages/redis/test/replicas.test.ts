import { NotAppliedError, StoreUnavailableError } from '@tenure/core/store';
import { describe, expect, it } from 'vitest';
import { until } from '../../../test/servers/until.ts';
import {
  failure,
  granted,
  keyOf,
  missing,
  recordOf,
  serverOf,
  sessionOf,
  signal,
  storeOf,
  tenureOf,
} from './rig.ts';
import type { Server } from './rig.ts';

const caughtUp = (server: Server): Promise<true> =>
  until('the replica follows', async () => {
    const [, replica] = server.members;
    const said = await server.operator.client.info('replication');
    return said.includes(`port=${replica!.port},state=online`) ? true : undefined;
  });

describe.skipIf(missing)('replicas: 1', () => {
  it('counts a claim only when the replica has it, and leaves no ghost when not', async () => {
    const server = await serverOf({ replicas: 1 });
    const { url, operator } = server;
    const [, replica] = server.members;
    await caughtUp(server);
    const store = storeOf({ url, replicas: 1, replicasTimeoutMs: 400 });
    const session = await until('the replica follows', () => sessionOf(store));
    const first = await until('it is granted', () => granted(session, keyOf('first'), 'c0'));
    replica!.suspend();
    const claimId = 'c1';
    const refused = await failure(session.claim(keyOf('job'), recordOf(claimId), signal));
    expect(refused).toBeInstanceOf(StoreUnavailableError);
    expect(String(refused)).toMatch(/0 of 1 replicas had the write within 400 ms/u);
    expect(await operator.client.hget('{test}:lock:job', 'session')).toBeNull();
    expect(await store.holder(keyOf('job'), signal)).toBeUndefined();
    // What was granted stays so, and can be asked for again; renewals wait for no replica.
    expect((await granted(session, keyOf('first'), first.claimId)).token).toBe(first.token);
    expect((await session.renew(signal)).news).toEqual([]);
    // A checkpoint that may get lost is not called saved; saying it again settles that.
    await expect(session.save(first, 'page 1', 1, signal)).rejects.toThrow(/0 of 1 replicas/u);
    await expect(sessionOf(store)).rejects.toThrow(/0 of 1 replicas/u);
    replica!.resume();
    await until('it is saved', () => session.save(first, 'page 1', 1, signal).then(() => true));
    expect((await granted(session, keyOf('job'))).token).toBeGreaterThan(first.token);
  });

  it('holds up no renewal, however long a claim waits for a replica', async () => {
    const server = await serverOf({ replicas: 1 });
    const store = storeOf({ url: server.url, replicas: 1, replicasTimeoutMs: 600_000 });
    const session = await sessionOf(store);
    await server.members[1]!.kill();
    const claim = failure(session.claim(keyOf('job'), recordOf(), signal));
    await waiting(server);
    expect((await session.renew(AbortSignal.timeout(20_000))).news).toEqual([]);
    await store.close();
    expect(await claim).toBeInstanceOf(StoreUnavailableError);
  });

  it('waits once for all that was written meanwhile', async () => {
    const server = await serverOf({ replicas: 1 });
    const store = storeOf({ url: server.url, replicas: 1, replicasTimeoutMs: 300 });
    const session = await until('the replica follows', () => sessionOf(store));
    await server.members[1]!.kill();
    const before = await calls(server, 'wait');
    const claims = Array.from({ length: 50 }, (_, i) =>
      failure(session.claim(keyOf(`job ${i}`), recordOf(), signal)),
    );
    for (const error of await Promise.all(claims)) expect(error).toBeInstanceOf(StoreUnavailableError);
    expect((await calls(server, 'wait')) - before).toBeLessThanOrEqual(3);
    await until('nothing is held', async () =>
      (await server.operator.client.scard('{test}:held')) === 0 ? true : undefined,
    );
  });

  it('lets a lock wait until the replica is back, through the public API', async () => {
    const server = await serverOf({ replicas: 1 });
    const [, replica] = server.members;
    const tenure = tenureOf({ url: server.url, replicas: 1, replicasTimeoutMs: 100 }, { ttlMs: 15_000 });
    await (await tenure.lock('job').acquire()).release();
    await replica!.kill();
    await expect(tenure.lock('job').tryAcquire()).rejects.toThrow(/0 of 1 replicas/u);
    const next = tenure.lock('job').acquire();
    await replica!.restart();
    expect((await next).isCurrent()).toBe(true);
  });

  it('that are asked of a replica itself are not there: it takes no write', async () => {
    const server = await serverOf({ replicas: 1 });
    await caughtUp(server);
    const store = storeOf({ url: server.urls[1]! });
    const refused = await failure(sessionOf(store));
    expect(refused).toBeInstanceOf(NotAppliedError);
    expect(String(refused)).toMatch(/READONLY/u);
  });
});

const waiting = ({ operator }: Server): Promise<true> =>
  until('WAIT holds a connection up', async () =>
    String(await operator.client.client('LIST')).includes('cmd=wait') ? true : undefined,
  );

async function calls({ operator }: Server, command: string): Promise<number> {
  const stats = await operator.client.info('commandstats');
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`, 'u').exec(stats)?.[1] ?? 0);
}
