import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { memory } from '@tenure/core/memory';
import { Rig, hang, listen } from './rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.close());

/** Work that settles when it is told to. */
function work(): { readonly promise: Promise<void>; finish: () => void; fail: (error: Error) => void } {
  let finish!: () => void;
  let fail!: (error: Error) => void;
  const promise = new Promise<void>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  return { promise, finish, fail };
}

describe('waitUntil holds the key until work has settled', () => {
  it.each(['resign', 'stop', 'release', 'close', 'evict'] as const)(
    'when the term ends by %s',
    async (how) => {
      const { tenure } = rig.tenure('a');
      const other = rig.tenure('b');
      const election = tenure.election('job');
      const heard = listen(election);
      const next = listen(other.tenure.election('job'));
      election.start();
      await rig.clock.advance(10);
      const [term] = heard.terms;
      const first = work();
      const second = work();
      term!.waitUntil(first.promise);
      term!.waitUntil(second.promise);
      const rival = other.tenure.election('job');
      const rivals = listen(rival);
      rival.start();
      await rig.clock.advance(10);
      if (how === 'resign') void election.resign();
      if (how === 'stop') void election.stop();
      if (how === 'release') void term!.release();
      if (how === 'close') void tenure.close();
      if (how === 'evict') void other.tenure.evict('job');
      await rig.clock.advance(2000);
      expect(term!.signal.aborted).toBe(true);
      expect(term!.isCurrent()).toBe(true);
      first.fail(new Error('how it settles is not looked at'));
      await rig.clock.advance(2000);
      expect([heard.ends, rivals.log]).toEqual([[], []]);
      second.finish();
      await rig.clock.advance(2000);
      expect(heard.ends).toHaveLength(1);
      expect(heard.ends[0]?.overrun).toBeUndefined();
      expect(rivals.log).toEqual(['acquired 2']);
      expect(next.log).toEqual([]);
    },
  );

  it('and no longer: a term whose work has settled ends at once', async () => {
    const election = rig.tenure('a').tenure.election('job');
    const heard = listen(election);
    election.start();
    await rig.clock.advance(10);
    heard.terms[0]!.waitUntil(Promise.resolve());
    await rig.clock.advance(10);
    const stopped = election.stop();
    await rig.clock.advance(10);
    await stopped;
    expect(heard.log).toEqual(['acquired 1', 'released 1 released']);
  });

  it('does not keep a term that is lost, nor the next one from beginning', async () => {
    const { tenure, line } = rig.tenure('a');
    const election = tenure.election('job');
    const heard = listen(election);
    election.start();
    await rig.clock.advance(10);
    const endless = work();
    heard.terms[0]!.waitUntil(endless.promise);
    line.fault = () => hang;
    await rig.clock.advance(2000);
    expect(heard.log).toEqual(['acquired 1', 'lost 1 expired']);
    line.fault = () => undefined;
    await rig.clock.advance(5000);
    expect(heard.log).toEqual(['acquired 1', 'lost 1 expired', 'acquired 2']);
    // What was held for the first term means nothing to the second, nor does its end.
    const own = work();
    heard.terms[1]!.waitUntil(own.promise);
    endless.finish();
    await rig.clock.advance(10);
    void election.resign();
    await rig.clock.advance(10);
    expect(heard.log).toHaveLength(3);
    own.finish();
    await rig.clock.advance(10);
    expect(heard.log.at(-1)).toBe('released 2 released');
  });

  it('and who starts again meanwhile has a new term after this one', async () => {
    const election = rig.tenure('a').tenure.election('job');
    const heard = listen(election);
    election.start();
    await rig.clock.advance(10);
    const held = work();
    heard.terms[0]!.waitUntil(held.promise);
    const stopped = election.stop();
    await rig.clock.advance(10);
    election.start();
    await rig.clock.advance(10);
    held.finish();
    await rig.clock.advance(10);
    await stopped;
    expect(heard.log).toEqual(['acquired 1', 'released 1 released', 'acquired 2']);
  });

  it('beside lead: the key goes when both have settled', async () => {
    const election = rig.tenure('a').tenure.election('job');
    const heard = listen(election);
    const beside = work();
    const led = election.lead((term) => term.waitUntil(beside.promise));
    await rig.clock.advance(2000);
    expect(heard.log).toEqual(['acquired 1']);
    expect(heard.terms[0]!.signal.aborted).toBe(true);
    beside.finish();
    await rig.clock.advance(10);
    expect(heard.log).toEqual(['acquired 1', 'released 1 released']);
    const stopped = election.stop();
    await rig.clock.advance(2000);
    await Promise.all([stopped, led]);
  });

  it('is given up by close() after its grace, and that is reported', async () => {
    const { tenure } = rig.tenure('a', { graceMs: 500 });
    const election = tenure.election('job');
    const heard = listen(election);
    election.start();
    await rig.clock.advance(10);
    heard.terms[0]!.waitUntil(work().promise);
    const closed = tenure.close();
    await rig.clock.advance(1000);
    await closed;
    expect(heard.ends[0]).toMatchObject({ kind: 'released', reason: 'closed', overrun: true });
  });

  it('is refused by a term that is over', async () => {
    const election = rig.tenure('a').tenure.election('job');
    const heard = listen(election);
    election.start();
    await rig.clock.advance(10);
    const stopped = election.stop();
    await rig.clock.advance(10);
    await stopped;
    expect(() => heard.terms[0]!.waitUntil(Promise.resolve())).toThrow(
      expect.objectContaining({ code: 'TERM_LOST' }),
    );
  });
});

describe('slots are checkpoints beside the own one', () => {
  const termOf = async (id: string) => {
    const { tenure, line } = rig.tenure(id);
    const term = tenure.lock('job').acquire();
    await rig.clock.advance(10);
    return { term: await term, line };
  };

  it('that neither touches the other, also when both are saved at once', async () => {
    const { term } = await termOf('a');
    const value = { mine: 1 };
    const saved = Promise.all([
      term.save(value),
      term.slot('ticks').save({ at: 1 }),
      term.slot('other').save('x'),
      term.slot('ticks').save({ at: 2 }),
    ]);
    // What is changed after the call is not what was saved.
    value.mine = 2;
    await rig.clock.advance(10);
    await saved;
    const released = term.release();
    await rig.clock.advance(10);
    await released;
    const { term: next } = await termOf('b');
    expect(next.checkpoint).toEqual({ mine: 1 });
    expect(next.slot('ticks').checkpoint).toEqual({ at: 2 });
    expect(next.slot('other').checkpoint).toBe('x');
    expect(next.slot('unheard').checkpoint).toBeUndefined();
    // A successor that saves one of them keeps the others.
    const again = next.slot('other').save('y');
    await rig.clock.advance(10);
    await again;
    void next.release();
    await rig.clock.advance(10);
    const { term: last } = await termOf('c');
    expect([last.checkpoint, last.slot('ticks').checkpoint, last.slot('other').checkpoint]).toEqual([
      { mine: 1 },
      { at: 2 },
      'y',
    ]);
  });

  it('a value that looks like slots comes back as it was', async () => {
    const { term } = await termOf('a');
    const odd = { $slots: { ticks: 1 }, value: 2 };
    const saved = term.save(odd);
    await rig.clock.advance(10);
    await saved;
    void term.release();
    await rig.clock.advance(10);
    const { term: next } = await termOf('b');
    expect(next.checkpoint).toEqual(odd);
    expect(next.slot('ticks').checkpoint).toBeUndefined();
  });

  it('a save that is refused, as all slots together are too large, is not part of the next one', async () => {
    const { term } = await termOf('a');
    const most = 'x'.repeat(Math.floor(memory().traits.maxValueBytes * 0.6));
    const saves = [term.slot('one').save(most), term.slot('two').save(most), term.save('kept')];
    const outcomes = Promise.allSettled(saves);
    await rig.clock.advance(10);
    expect(await outcomes).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { code: 'VALUE_TOO_LARGE' } },
      { status: 'fulfilled' },
    ]);
    void term.release();
    await rig.clock.advance(10);
    const { term: next } = await termOf('b');
    expect([next.checkpoint, next.slot('one').checkpoint, next.slot('two').checkpoint]).toEqual([
      'kept',
      most,
      undefined,
    ]);
  });

  it('a name that is none is refused', async () => {
    const { term } = await termOf('a');
    expect(() => term.slot('')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});
