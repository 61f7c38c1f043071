import { StoreUnavailableError } from '@tenure/core/store';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startConsul, type ConsulCluster } from '../../../test/servers/consul.ts';
import { memberOf } from './agent.ts';
import { Bench, failureOf, pass, soon } from './bench.ts';

describe.skipIf(!(await serverOrSkip('consul', { own: true })))('three servers', () => {
  let cluster: ConsulCluster;
  let bench: Bench;
  beforeAll(async () => {
    cluster = await startConsul({ members: 3, own: true });
  });
  afterAll(() => cluster.stop());
  beforeEach(() => {
    bench = new Bench(memberOf(cluster).url);
  });
  afterEach(() => bench.end());

  test('their leader dies, and session, locks and watches live on (T27)', async () => {
    const addresses = cluster.urls;
    const session = await bench.session({ addresses }, 10_000);
    const other = await bench.session({ addresses }, 10_000);
    const granted = await bench.grant(session);
    const held = await bench.held(other);
    const leader = await cluster.leader();
    await leader.kill();
    const start = performance.now();
    let renewals = 0;
    const alive = async (each: typeof session) => {
      for (;;) {
        try {
          expect((await each.renew(soon(1000))).news).toEqual([]);
          renewals += 1;
          return;
        } catch (error) {
          if (!(error instanceof StoreUnavailableError || error instanceof DOMException)) throw error;
          await pass(100);
        }
      }
    };
    await Promise.all([alive(session), alive(other)]);
    expect(renewals).toBe(2);
    expect(performance.now() - start).toBeLessThan(10_000);
    expect((await bench.grant(session, 'job', bench.record(granted.claimId))).token).toBe(granted.token);
    const parked = (async () => {
      for (;;) {
        const outcome = await other.park(held, soon()).catch((error: unknown) => error);
        if (outcome === undefined) return;
        if (!(outcome instanceof StoreUnavailableError)) throw outcome;
      }
    })();
    await session.release(bench.key(), granted.claimId, soon());
    await parked;
    expect((await bench.grant(other)).token).toBeGreaterThan(granted.token);
    await leader.restart();
  });

  test('most of them die: an answer is an error that may pass, never a loss', async () => {
    const session = await bench.session({}, 60_000);
    const granted = await bench.grant(session);
    const [second, third] = [memberOf(cluster, 1), memberOf(cluster, 2)];
    await Promise.all([second.kill(), third.kill()]);
    const error = await failureOf(session.renew(soon(20_000)));
    expect(['StoreUnavailableError', 'TimeoutError']).toContain(error.name);
    expect(session.gone.aborted).toBe(false);
    await Promise.all([second.restart(), third.restart()]);
    await expect
      .poll(() => session.renew(soon(2000)).then(({ news }) => news, String), { timeout: 30_000 })
      .toEqual([]);
    await session.release(bench.key(), granted.claimId, soon());
  });
});
