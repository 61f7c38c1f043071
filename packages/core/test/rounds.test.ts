import type { Election } from '@tenure/core';
import { memory } from '@tenure/core/memory';
import type { Store } from '@tenure/core/store';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Rig, hang } from './rig.ts';
import type { Line } from './rig.ts';

const KEYS = Array.from({ length: 50 }, (_, index) => `job ${index}`);
/** After so long everybody who waits has been rechecked. */
const RECHECK_MS = 5 * 900;

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.close());

const calls = (line: Line, verb: string): number => line.calls.filter((call) => call.verb === verb).length;

/** One leads, and one waits. */
async function pair(): Promise<{
  readonly leading: Election;
  readonly follower: Election;
  readonly line: Line;
}> {
  const leading = rig.tenure('a').tenure.election('job');
  const { tenure, line } = rig.tenure('b');
  leading.start();
  await rig.clock.advance(10);
  const follower = tenure.election('job');
  follower.start();
  await rig.clock.advance(10);
  return { leading, follower, line };
}

it('asks about all who wait in one call, and none of them asks for itself', async () => {
  const leader = rig.tenure('a');
  const follower = rig.tenure('b');
  for (const key of KEYS) leader.tenure.election(key).start();
  await rig.clock.advance(10);
  for (const key of KEYS) follower.tenure.election(key).start();
  await rig.clock.advance(10);
  expect(calls(follower.line, 'claim')).toBe(KEYS.length);
  await rig.clock.advance(4 * RECHECK_MS);
  expect(calls(follower.line, 'claim')).toBe(KEYS.length);
  expect(calls(follower.line, 'recheck')).toBeGreaterThanOrEqual(4);
  expect(calls(follower.line, 'recheck')).toBeLessThanOrEqual(8);
});

it('finds what nobody was woken for', async () => {
  const { leading, follower, line } = await pair();
  line.deaf = true;
  await leading.stop();
  while (calls(line, 'recheck') === 0) await rig.clock.advance(1);
  // At once: not when its own patience is over.
  await rig.clock.advance(1);
  expect(follower.term?.isCurrent()).toBe(true);
});

it('leaves it to each who is due when the store does not answer', async () => {
  const { leading, follower, line } = await pair();
  line.deaf = true;
  line.fault = ({ verb }) => (verb === 'recheck' ? hang : undefined);
  await leading.stop();
  await rig.clock.advance(RECHECK_MS + 900);
  expect(follower.term?.isCurrent()).toBe(true);
});

it('leaves it to each who is due where the store knows of no such call', async () => {
  const asked: string[] = [];
  const whole = memory({ shared: rig.space });
  const store: Store = {
    ...whole,
    open: async (request, signal) => {
      const session = await whole.open(request, signal);
      return {
        id: session.id,
        ttlMs: session.ttlMs,
        adopted: session.adopted,
        gone: session.gone,
        renew: (aborted) => session.renew(aborted),
        claim: (key, record, aborted) => {
          asked.push(key.name);
          return session.claim(key, record, aborted);
        },
        park: (held, aborted) => session.park(held, aborted),
        release: (key, claimId, aborted) => session.release(key, claimId, aborted),
        announce: (granted, record, aborted) => session.announce(granted, record, aborted),
        save: (granted, text, sequence, aborted) => session.save(granted, text, sequence, aborted),
        close: (aborted) => session.close(aborted),
        taken: (hint) => session.taken(hint),
      };
    },
  };
  rig.tenure('a').tenure.election('job').start();
  await rig.clock.advance(10);
  rig.tenure('b', { store }).tenure.election('job').start();
  await rig.clock.advance(10);
  expect(asked).toEqual(['job']);
  await rig.clock.advance(RECHECK_MS);
  expect(asked.length).toBeGreaterThan(1);
});
