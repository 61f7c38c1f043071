import { describe, expect, test } from 'vitest';
import type { Held, StoreSession } from '@tenure/core/store';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { pass, soon, withConsul } from './bench.ts';

describe.skipIf(!(await serverOrSkip('consul')))('a lock-delay', () => {
  const here = withConsul();

  /** As the core does: what the store names as a time to ask again, is. */
  const win = async (session: StoreSession, seen: Held[]) => {
    for (;;) {
      const outcome = await session.claim(here.bench.key(), here.bench.record(), soon());
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
      const session = await here.bench.session({ lockDelayMs: 1500, behavior });
      const past = await here.bench.grant(session);
      await here.bench.agent.put(`/session/destroy/${session.id}`);
      const start = performance.now();
      const heir = await here.bench.session({ lockDelayMs: 1500, behavior });
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
      await here.bench.session({ lockDelayMs: 1000 }),
      await here.bench.session({ lockDelayMs: 20_000 }),
    ];
    await here.bench.grant(one);
    await here.bench.agent.put(`/session/destroy/${one.id}`);
    const seen: Held[] = [];
    await win(two, seen);
    expect(seen.length).toBeGreaterThan(0);
    await here.bench.agent.put(`/session/destroy/${two.id}`);
    const heir = await here.bench.session({ lockDelayMs: 500 });
    const outcome = await heir.claim(here.bench.key(), here.bench.record(), soon());
    expect(outcome).toMatchObject({ outcome: 'held', delayed: 'lock-delay', retryInMs: 500 });
  });

  test('there is none by default, after a release, a close or the end of a session', async () => {
    const heir = await here.bench.session();
    const prompt = async (end: () => Promise<unknown>) => {
      const held = await here.bench.held(heir);
      const start = performance.now();
      const parked = heir.park(held, soon());
      await end();
      await parked;
      const granted = await here.bench.grant(heir);
      expect(performance.now() - start).toBeLessThan(1000);
      await heir.release(here.bench.key(), granted.claimId, soon());
    };
    const session = await here.bench.session();
    const { claimId } = await here.bench.grant(session);
    await prompt(() => session.release(here.bench.key(), claimId, soon()));
    await here.bench.grant(session);
    await prompt(() => here.bench.agent.put(`/session/destroy/${session.id}`));
    const closing = await here.bench.session({ lockDelayMs: 20_000 });
    await here.bench.grant(closing);
    await prompt(() => closing.close(soon()));
  });
});
