import { createTenure, InvalidArgumentError } from '@tenure/core';
import { memory } from '@tenure/core/memory';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hang, listen, Rig } from './rig.ts';
import type { Line } from './rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.close());

const reclaim = (id: string) => rig.tenure(id, { candidate: { id, reclaim: true } });

/** What a crash looks like from the store: silence. */
const crash = (line: Line): void => {
  line.fault = () => hang;
};

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  await rig.clock.advance(ms);
  return promise;
}

describe('a candidate with a stable id and reclaim', () => {
  it('takes what its crashed predecessor held at once, all of it, with new tokens', async () => {
    const before = reclaim('worker-1');
    const old = await within(10, before.tenure.lock('a').acquire());
    await within(10, before.tenure.lock('b').acquire());
    crash(before.line);

    const { tenure } = reclaim('worker-1');
    const a = await within(10, tenure.lock('a').acquire());
    expect(a.token).toBeGreaterThan(old.token);
    expect(await within(10, tenure.lock('b').tryAcquire())).toBeDefined();
    expect(rig.space.sessions()).toHaveLength(1);
  });

  it('leads at once after a restart, too', async () => {
    const before = reclaim('worker-1');
    before.tenure.election('job').start();
    await rig.clock.advance(10);
    crash(before.line);
    const heard = listen(reclaim('worker-1').tenure.election('job'));
    expect(heard.log).toEqual([]);
    const { tenure } = reclaim('worker-1');
    const election = tenure.election('job');
    election.start();
    await rig.clock.advance(10);
    expect(election.term?.isCurrent()).toBe(true);
  });

  it('leaves alone what another id holds, and without reclaim what its own id held', async () => {
    const { tenure: other } = reclaim('worker-2');
    const held = await within(10, other.lock('a').acquire());
    expect(await within(10, reclaim('worker-1').tenure.lock('a').tryAcquire())).toBeUndefined();
    expect(await within(10, rig.tenure('worker-2').tenure.lock('a').tryAcquire())).toBeUndefined();
    expect(held.isCurrent()).toBe(true);
  });

  it('does not take its own candidates for predecessors', async () => {
    const { tenure } = reclaim('worker-1');
    const held = await within(10, tenure.lock('a').acquire());
    expect(await within(10, tenure.lock('a').tryAcquire())).toBeUndefined();
    expect(held.isCurrent()).toBe(true);
  });

  it('takes a key from a living twin once, and from then on waits like everybody else', async () => {
    const twins = [reclaim('worker-1'), reclaim('worker-1')];
    const elections = twins.map(({ tenure }) => tenure.election('job'));
    const heard = elections.map(listen);
    for (const election of elections) {
      election.start();
      await rig.clock.advance(10);
    }
    await rig.clock.advance(20_000);
    const terms = heard.flatMap(({ terms: each }) => each.map(({ token }) => token));
    expect(terms.length).toBeLessThanOrEqual(4);
    expect(heard[0]!.ends[0]).toMatchObject({ kind: 'lost', reason: 'session-invalidated' });
    expect(elections.filter(({ term }) => term).length).toBe(1);
  });

  it('asks again when the end of the old session stays unanswered', async () => {
    const before = reclaim('worker-1');
    await within(10, before.tenure.lock('a').acquire());
    crash(before.line);
    const { tenure, line } = reclaim('worker-1');
    line.fault = ({ verb }) => (verb === 'endSession' ? { kind: 'lost' } : undefined);
    const acquiring = tenure.lock('a').acquire();
    await rig.clock.advance(200);
    expect(line.calls.filter(({ verb }) => verb === 'endSession').length).toBeGreaterThan(1);
    line.fault = () => undefined;
    expect((await within(200, acquiring)).isCurrent()).toBe(true);
  });

  it('is refused without an id of its own', () => {
    expect(() => createTenure({ store: memory(), candidate: { reclaim: true } })).toThrow(
      InvalidArgumentError,
    );
  });
});
