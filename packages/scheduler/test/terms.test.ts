import type { Term } from '@tenure/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Rig, every, pending } from './rig.ts';
import type { Replica } from './rig.ts';

let rig: Rig;
let a: Replica;
let b: Replica;
beforeEach(async () => {
  rig = new Rig();
  a = rig.replica('a');
  b = rig.replica('b');
  a.election.start();
  await rig.clock.advance(1);
});
afterEach(() => rig.close());

describe('a term that is asked to end', () => {
  it('waits for the job, and the successor starts after it', async () => {
    const job = pending();
    const [one, other] = [every(1, a, () => job.promise), every(1, b, () => {})];
    await rig.to(1.5);
    const resigned = a.election.resign();
    await rig.to(4.5);
    expect([one.log, other.log]).toEqual([['started 1'], []]);
    job.resolve();
    await rig.clock.advance(1);
    await resigned;
    await rig.to(5.5);
    expect(one.log).toEqual(['started 1', 'succeeded 1']);
    expect(other.log.slice(-2)).toEqual(['started 5', 'succeeded 5']);
    const first = other.heard.find((run) => run.kind === 'started');
    expect(first?.at.getTime()).toBeGreaterThanOrEqual(one.heard[1]?.at.getTime() ?? Infinity);
  });

  it('aborts the job, with the reason, and starts no other', async () => {
    const signals: AbortSignal[] = [];
    const job = pending();
    const made = every(
      1,
      a,
      ({ signal }) => {
        signals.push(signal);
        return job.promise;
      },
      { overlap: 'queue' },
    );
    await rig.to(2.5);
    const { term } = a.election;
    void a.election.stop();
    await rig.to(3.5);
    expect(signals.map((signal) => signal.reason === term?.signal.reason)).toEqual([true]);
    job.resolve();
    await rig.to(5);
    expect(made.log).toEqual(['started 1', 'skipped 2 term-over', 'succeeded 1']);
  });

  it('is given up by atMostFor and graceMs, when the job never ends', async () => {
    const made = every(1, a, () => new Promise(() => {}), { atMostFor: 3000, graceMs: 1000 });
    const other = every(1, b, () => {});
    await rig.to(1.5);
    void a.election.resign();
    await rig.to(4.9);
    expect(other.log).toEqual([]);
    await rig.to(6.5);
    expect(made.log).toEqual(['started 1', 'failed 1 overrun']);
    expect(other.log.slice(-2)).toEqual(['started 6', 'succeeded 6']);
  });
});

describe('a term that is lost', () => {
  const outage = async (seconds: number): Promise<void> => {
    a.fault = () => ({ kind: 'lost' });
    await rig.clock.advance(seconds * 1000);
    a.fault = () => undefined;
  };

  it('leaves its job running, which keeps the schedule busy in the next', async () => {
    const job = pending();
    let aborted = false;
    let starts = 0;
    const made = every(1, a, ({ signal }) => {
      signal.addEventListener('abort', () => (aborted = true));
      return ++starts === 1 ? job.promise : undefined;
    });
    await rig.to(1.2);
    await outage(3);
    await rig.to(6.5);
    expect(aborted).toBe(true);
    expect(a.election.term?.isCurrent()).toBe(true);
    expect(made.log[0]).toBe('started 1');
    expect(made.log.slice(-2)).toEqual(['skipped 5 overlap', 'skipped 6 overlap']);
    expect(made.log.filter((line) => line.startsWith('started'))).toHaveLength(1);
    job.resolve();
    await rig.to(7.5);
    expect(made.log.slice(-3)).toEqual(['succeeded 1', 'started 7', 'succeeded 7']);
  });

  it('leaves its job to be waited for by stop', async () => {
    const job = pending();
    const made = every(1, a, () => job.promise);
    await rig.to(1.2);
    await outage(3);
    await rig.to(6.5);
    let stopped = false;
    const stopping = made.stop().then(() => (stopped = true));
    await rig.to(8);
    expect(stopped).toBe(false);
    job.resolve();
    await stopping;
    expect(made.log.at(-1)).toBe('succeeded 1');
  });

  it('lets atMostFor go on in the next', async () => {
    let starts = 0;
    const made = every(1, a, () => (++starts === 1 ? new Promise(() => {}) : undefined), {
      atMostFor: 5000,
      graceMs: 1000,
    });
    await rig.to(1.2);
    await outage(3);
    await rig.to(8.5);
    expect(made.log.slice(-5)).toEqual([
      'failed 1 overrun',
      'started 7',
      'succeeded 7',
      'started 8',
      'succeeded 8',
    ]);
  });

  it('with at-least-once runs the tick again, after the job that outlived it', async () => {
    const job = pending();
    let starts = 0;
    const made = every(10, a, () => (++starts === 1 ? job.promise : undefined), {
      guarantee: 'at-least-once',
    });
    await rig.to(10.2);
    await outage(3);
    await rig.to(15);
    expect(made.log).toEqual(['started 10']);
    job.resolve();
    await rig.to(16);
    expect(made.log).toEqual(['started 10', 'succeeded 10', 'started 10', 'succeeded 10']);
  });
});

describe('lead', () => {
  it('goes on beside schedules, and its term waits for their job', async () => {
    const [work, job] = [pending(), pending()];
    const terms: Term[] = [];
    const led = a.election.lead((term) => {
      terms.push(term);
      return terms.length === 1 ? work.promise : undefined;
    });
    await rig.to(0.5);
    const made = every(1, a, () => job.promise);
    await rig.to(1.5);
    expect(made.log).toEqual(['started 1']);
    work.resolve();
    await rig.to(3);
    expect(a.election.term).toBe(terms[0]);
    job.resolve();
    await rig.to(3.2);
    expect(terms[0]?.isCurrent()).toBe(false);
    const stopped = a.election.stop();
    await rig.clock.advance(3000);
    await Promise.all([stopped, led]);
    expect(made.log).toEqual(['started 1', 'succeeded 1']);
  });
});

describe('close', () => {
  it('leaves no timer, also of a job that never ends', async () => {
    every(1, a, () => new Promise(() => {}), { atMostFor: 60_000 });
    every(1, a, () => {}, { name: 'waits', jitterMs: 1_000_000 });
    await rig.to(2.5);
    expect(rig.clock.alarms).toBeGreaterThan(2);
    const closing = Promise.all([a.tenure.close(), b.tenure.close()]);
    await rig.clock.advance(15_000);
    await closing;
    expect(rig.clock.alarms).toBe(0);
  });

  it('is told to whoever schedules then', async () => {
    const closing = a.tenure.close();
    await rig.clock.advance(1000);
    await closing;
    for (const _ of [1, 2]) expect(() => every(1, a, () => {})).toThrow('closed');
  });
});
