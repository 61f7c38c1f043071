import { ListenerError } from '@tenure/core';
import { map } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Rig, listen } from './rig.ts';

let rig: Rig;
const crashes: unknown[] = [];
const crash = (error: unknown): void => void crashes.push(error);

beforeEach(() => {
  rig = new Rig();
  crashes.length = 0;
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
});
afterEach(async () => {
  await rig.close();
  // RxJS rethrows from a timer, a promise reports on the next turn: give both their chance.
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  process.removeListener('uncaughtException', crash);
  process.removeListener('unhandledRejection', crash);
  expect(crashes).toEqual([]);
});

const boom = (): never => {
  throw new Error('boom');
};

/** What users write when they pass an async function where nobody awaits it. */
const laterBoom = (() => Promise.reject(new Error('later'))) as () => void;

describe('S10: a listener that throws harms nobody', () => {
  it('neither the election, nor its other listeners, nor the process; it is told in errors', async () => {
    const { tenure } = rig.tenure('a');
    const election = tenure.election('job');
    election.acquired.subscribe(boom);
    election.acquired.pipe(map(boom)).subscribe();
    election.acquired.subscribe(laterBoom);
    election.standing.subscribe(boom);
    election.leader.subscribe(boom);
    election.on('acquired', boom);
    election.on('released', boom);
    election.on('error', boom);
    tenure.session.on('opened', boom);
    tenure.session.on('renewed', boom);
    const { log, errors } = listen(election);
    election.start();
    await rig.clock.advance(1000);
    await election.stop();
    expect(log).toEqual(['acquired 1', 'released 1 released']);
    const told = errors.filter((error) => error instanceof ListenerError);
    expect(told.length).toBeGreaterThan(4);
    expect(told[0]).toMatchObject({ code: 'LISTENER_FAILED', cause: { message: 'boom' } });
  });

  it('and one that is slow delays no signal: all have aborted before the first is told', async () => {
    const { tenure } = rig.tenure('a');
    const elections = Array.from({ length: 5 }, (_, i) => tenure.election(`job-${i}`));
    for (const election of elections) election.start();
    await rig.clock.advance(20);
    const signals = elections.map((election) => election.term?.signal);
    const seen: (boolean | undefined)[][] = [];
    for (const election of elections) {
      election.lost.subscribe(() => seen.push(signals.map((signal) => signal?.aborted)));
    }
    rig.clock.stall(850);
    await rig.clock.advance(1);
    expect(seen).toHaveLength(5);
    expect(seen.flat().every((aborted) => aborted === true)).toBe(true);
  });

  it('needs no listener for an error', async () => {
    const { tenure, line } = rig.tenure('a');
    line.fault = () => ({ kind: 'lost' });
    tenure.election('job').start();
    await rig.clock.advance(5000);
    line.fault = () => undefined;
  });

  it('emits once listeners once, and forgets those that were taken off', async () => {
    const { tenure } = rig.tenure('a');
    const election = tenure.election('job');
    const heard: string[] = [];
    const off = (): void => void heard.push('off');
    election.once('acquired', () => void heard.push('once'));
    election.on('acquired', off);
    election.off('acquired', off);
    for (let round = 0; round < 2; round++) {
      election.start();
      await rig.clock.advance(10);
      await election.stop();
    }
    expect(heard).toEqual(['once']);
  });
});
