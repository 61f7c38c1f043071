import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Held, StoreSession } from '@tenure/core/store';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startConsul, type ConsulCluster } from '../../../test/servers/consul.ts';
import { memberOf } from './agent.ts';
import { Bench, pass, soon } from './bench.ts';

describe.skipIf(!(await serverOrSkip('consul')))('a lock-delay', () => {
  let cluster: ConsulCluster;
  let bench: Bench;
  beforeAll(async () => {
    cluster = await startConsul();
  });
  afterAll(() => cluster.stop());
  beforeEach(() => {
    bench = new Bench(memberOf(cluster).url);
  });
  afterEach(() => bench.end());

  /** As the core does: what the store names as a time to ask again, is. */
  const win = async (session: StoreSession, seen: Held[]) => {
    for (;;) {
      const outcome = await session.claim(bench.key(), bench.record(), soon());
      if (outcome.outcome === 'granted') return outcome;
      seen.push(outcome);
      const leave = new AbortController();
      const parked = session.park(outcome, leave.signal).catch(() => {});
      await (outcome.retryInMs === undefined ? parked : Promise.race([parked, pass(outcome.retryInMs)]));
      leave.abort();
      await parked;
    }
  };

  for (const behavior of ['release', 'delete'] as const) {
    test(`after an unclean end is said, sat out and followed by a win (${behavior})`, async () => {
      const session = await bench.session({ lockDelayMs: 1500, behavior });
      const past = await bench.grant(session);
      await bench.agent.put(`/session/destroy/${session.id}`);
      const start = performance.now();
      const heir = await bench.session({ lockDelayMs: 1500, behavior });
      const seen: Held[] = [];
      const granted = await win(heir, seen);
      const waited = performance.now() - start;
      expect(granted.token).toBeGreaterThan(past.token);
      expect(seen[0]).toMatchObject({ holder: undefined, delayed: 'lock-delay', retryInMs: 1000 });
      expect(seen.length, 'claims that were put off').toBeLessThan(5);
      expect(waited).toBeGreaterThan(1300);
      expect(waited).toBeLessThan(3500);
    });
  }

  test('is only ever a reason to ask again: it can vanish early, and a claim finds that out (T32)', async () => {
    const [one, two] = [
      await bench.session({ lockDelayMs: 1000 }),
      await bench.session({ lockDelayMs: 20_000 }),
    ];
    await bench.grant(one);
    await bench.agent.put(`/session/destroy/${one.id}`);
    const seen: Held[] = [];
    await win(two, seen);
    expect(seen.length).toBeGreaterThan(0);
    await bench.agent.put(`/session/destroy/${two.id}`);
    const heir = await bench.session({ lockDelayMs: 500 });
    const outcome = await heir.claim(bench.key(), bench.record(), soon());
    expect(outcome).toMatchObject({ outcome: 'held', delayed: 'lock-delay', retryInMs: 500 });
  });

  test('there is none by default, after a release, a close or the end of a session', async () => {
    const heir = await bench.session();
    const prompt = async (end: () => Promise<unknown>) => {
      const held = await bench.held(heir);
      const start = performance.now();
      const parked = heir.park(held, soon());
      await end();
      await parked;
      const granted = await bench.grant(heir);
      expect(performance.now() - start).toBeLessThan(1000);
      await heir.release(bench.key(), granted.claimId, soon());
    };
    const session = await bench.session();
    const { claimId } = await bench.grant(session);
    await prompt(() => session.release(bench.key(), claimId, soon()));
    await bench.grant(session);
    await prompt(() => bench.agent.put(`/session/destroy/${session.id}`));
    const closing = await bench.session({ lockDelayMs: 20_000 });
    await bench.grant(closing);
    await prompt(() => closing.close(soon()));
  });
});
