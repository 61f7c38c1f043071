import { once } from 'node:events';
import { ClosedError, createTenure } from '@tenure/core';
import { memory } from '@tenure/core/memory';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Rig, hang, listen } from './rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.close());

describe('S11: after close nothing is left', () => {
  it('no key, no session, no alarm', async () => {
    const { tenure } = rig.tenure('a');
    for (let i = 0; i < 5; i++) tenure.election(`job-${i}`).start();
    tenure.observe('job-1').subscribe();
    const { tenure: other } = rig.tenure('b');
    other.election('job-1').start();
    await rig.clock.advance(500);
    const closing = Promise.all([tenure.close(), other.close(), tenure.close()]);
    await rig.clock.advance(10);
    await closing;
    expect(rig.space.keys('tenure')).toEqual([]);
    expect(rig.space.sessions()).toEqual([]);
    expect(rig.clock.alarms).toBe(0);
  });

  it.each(['open', 'claim', 'renew', 'release', 'close'] as const)(
    'no alarm, though %s hangs for ever',
    async (verb) => {
      const { tenure, line } = rig.tenure('a');
      line.fault = (call) => (call.verb === verb ? hang : undefined);
      line.deaf = true;
      const election = tenure.election('job');
      const { log } = listen(election);
      election.start();
      await rig.clock.advance(400);
      const closing = tenure.close();
      await rig.clock.advance(60_000);
      await closing;
      await rig.clock.advance(2000); // the store's own expiry of what it was not told of
      expect(rig.clock.alarms).toBe(0);
      expect(log.filter((entry) => entry.startsWith('acquired')).length).toBe(log.length / 2);
    },
  );

  it('waits for work that winds down, and gives the key up after the grace', async () => {
    const { tenure } = rig.tenure('a', { graceMs: 1000 });
    const lasting = tenure.election('lasting');
    const { ends } = listen(lasting);
    const led = lasting.lead(() => new Promise(() => {}));
    let finish!: () => void;
    const ran = tenure.lock('short').run(() => new Promise<void>((resolve) => (finish = resolve)));
    await rig.clock.advance(10);
    const closing = tenure.close();
    await rig.clock.advance(500);
    finish();
    await rig.clock.advance(10);
    await ran;
    expect(ends).toEqual([]);
    await rig.clock.advance(1000);
    await closing;
    expect(ends).toMatchObject([{ kind: 'released', reason: 'closed', overrun: true }]);
    expect(rig.space.keys('tenure')).toEqual([]);
    void led;
  });

  it('no listener on the process after 200 tenures, and none too many on a signal after 2000 terms (T73)', async () => {
    const before = process.listenerCount('SIGTERM');
    for (let i = 0; i < 200; i++) await createTenure({ store: memory(), releaseOn: ['SIGTERM'] }).close();
    expect(process.listenerCount('SIGTERM')).toBe(before);
    const warned: Error[] = [];
    const warn = (warning: Error): void => void warned.push(warning);
    process.on('warning', warn);
    const tenure = createTenure({ store: memory(), ttlMs: 60_000 });
    const lock = tenure.lock('job');
    for (let i = 0; i < 2000; i++) await lock.run(() => {});
    await tenure.close();
    process.removeListener('warning', warn);
    expect(warned).toEqual([]);
  });
});

describe('releaseOn', () => {
  it('releases on the signal, and leaves the rest to a program that listens itself', async () => {
    const { tenure } = rig.tenure('a', { releaseOn: ['SIGUSR2'] });
    const election = tenure.election('job');
    const { log } = listen(election);
    election.start();
    await rig.clock.advance(10);
    const own = once(process, 'SIGUSR2');
    process.kill(process.pid, 'SIGUSR2');
    await own;
    await rig.clock.advance(10);
    expect(log).toEqual(['acquired 1', 'released 1 closed']);
    expect(rig.space.sessions()).toEqual([]);
  });
});

describe('after close', () => {
  it('a listener that stands again when it hears of its release is refused', async () => {
    const { tenure } = rig.tenure('a');
    const election = tenure.election('job');
    const { errors } = listen(election);
    election.released.subscribe(() => election.start());
    election.start();
    await rig.clock.advance(10);
    const closing = tenure.close();
    await rig.clock.advance(10);
    await closing;
    expect(errors).toMatchObject([{ code: 'LISTENER_FAILED', cause: { code: 'CLOSED' } }]);
    expect(rig.clock.alarms).toBe(0);
  });

  it('nothing starts again, and whoever tries is told', async () => {
    const { tenure, line } = rig.tenure('a');
    const election = tenure.election('job');
    await tenure.close();
    line.calls.length = 0;
    expect(() => election.start()).toThrow(ClosedError);
    await expect(election.lead(() => {})).rejects.toBeInstanceOf(ClosedError);
    await expect(election.terms().next()).rejects.toBeInstanceOf(ClosedError);
    const told: unknown[] = [];
    election.leader.subscribe({ error: (error: unknown) => told.push(error) });
    expect(told).toEqual([expect.any(ClosedError)]);
    await rig.clock.advance(10_000);
    expect(line.calls).toEqual([]);
  });
});

it('work that releases its own term does not wait for itself', async () => {
  const { tenure } = rig.tenure('a');
  const ran = tenure.lock('job').run(async (term) => {
    await term.release();
    return term.signal.aborted;
  });
  await rig.clock.advance(10);
  expect(await ran).toBe(true);
});
