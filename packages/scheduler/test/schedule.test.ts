import { getEventListeners } from 'node:events';
import { schedule } from '@tenure/scheduler';
import type { Job, ScheduleOptions } from '@tenure/scheduler';
import { InvalidArgumentError } from '@tenure/core';
import { map } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Rig, T0, at, every, listen, pending, secondsOf } from './rig.ts';
import type { Replica } from './rig.ts';

let rig: Rig;
let a: Replica;
beforeEach(() => {
  rig = new Rig();
  a = rig.replica('a');
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rig.close();
});

describe('a schedule', () => {
  it('runs the job at each tick, with the tick, the token and a signal', async () => {
    const runs: unknown[] = [];
    const made = every(10, a, ({ scheduledAt, token, signal }) => {
      runs.push([secondsOf(scheduledAt), token === a.election.term?.token, signal.aborted]);
    });
    expect(made.next()).toEqual(at(10));
    await rig.to(25);
    expect(runs).toEqual([
      [10, true, false],
      [20, true, false],
    ]);
    expect(made.log).toEqual(['started 10', 'succeeded 10', 'started 20', 'succeeded 20']);
    expect(made.next()).toEqual(at(30));
  });

  it('tells when, how long and under which token', async () => {
    const made = every(10, a, () => rig.passes(1234));
    await rig.to(12);
    const { token } = a.election.term ?? {};
    expect(made.heard).toEqual([
      { name: 'job', kind: 'started', scheduledAt: at(10), at: at(10), token },
      { name: 'job', kind: 'succeeded', scheduledAt: at(10), at: at(11.234), token, durationMs: 1234 },
    ]);
  });

  it('reports a job that throws, at once or later, and goes on', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', note);
    const thrown = new Error('no');
    const made = every(1, a, ({ scheduledAt }) => {
      if (secondsOf(scheduledAt) === 1) throw thrown;
      return secondsOf(scheduledAt) === 2 ? Promise.reject(thrown) : undefined;
    });
    await rig.to(3.5);
    expect(made.log).toEqual(['started 1', 'failed 1', 'started 2', 'failed 2', 'started 3', 'succeeded 3']);
    const errors = made.heard.filter((run) => run.kind === 'failed').map((run) => run.error);
    expect(errors).toEqual([thrown, thrown]);
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  it('of cron text has that for its name, and follows its zone over the change of the clocks', async () => {
    const clock = rig.clock.view({ offsetMs: Date.parse('2030-03-30T22:00:00Z') - T0 });
    const b = rig.replica('b', { clock, ttlMs: 60_000 });
    const ran: string[] = [];
    const made = schedule(b.election, '30 2 * * *', (run) => ran.push(run.scheduledAt.toISOString()), {
      timezone: 'Europe/Berlin',
      clock,
    });
    expect(made.name).toBe('30 2 * * *');
    await rig.clock.advance(27 * 3_600_000);
    expect(ran).toEqual(['2030-03-31T01:00:00.000Z', '2030-04-01T00:30:00.000Z']);
  });

  it('runs once at a time of day that comes twice', async () => {
    const clock = rig.clock.view({ offsetMs: Date.parse('2030-10-26T23:00:00Z') - T0 });
    const b = rig.replica('b', { clock, ttlMs: 60_000 });
    const made = schedule(b.election, '30 2 * * *', () => {}, { timezone: 'Europe/Berlin', clock });
    const { runs } = listen(made);
    await rig.clock.advance(5 * 3_600_000);
    expect(runs.map((run) => `${run.kind} ${run.scheduledAt.toISOString()}`)).toEqual([
      'started 2030-10-27T00:30:00.000Z',
      'succeeded 2030-10-27T00:30:00.000Z',
    ]);
  });

  it('of a date runs once, and has no next time then', async () => {
    const made = schedule(a.election, '2030-01-01T00:00:05Z', () => {}, { clock: rig.clock });
    const { log } = listen(made);
    await rig.to(200);
    expect(log).toEqual(['started 5', 'succeeded 5']);
    expect(made.next()).toBeUndefined();
  });

  it('stands by itself, and runs nothing while it does not lead', async () => {
    const b = rig.replica('b');
    const [one, other] = [every(1, a, () => {}), every(1, b, () => {})];
    await rig.to(3.5);
    const ran = [one, other].filter((made) => made.log.length > 0);
    expect(ran).toHaveLength(1);
    expect(ran[0]?.log).toHaveLength(6);
  });

  it('follows a term that began before it', async () => {
    a.election.start();
    await rig.to(5.5);
    const made = every(1, a, () => {});
    await rig.to(7.5);
    expect(made.log).toEqual(['started 6', 'succeeded 6', 'started 7', 'succeeded 7']);
  });
});

describe('a tick that comes while the job runs', () => {
  const threeSeconds = (): Promise<void> => rig.passes(2500);

  it('is skipped, and says so at its time', async () => {
    const made = every(1, a, threeSeconds);
    await rig.to(4.2);
    expect(made.log).toEqual([
      'started 1',
      'skipped 2 overlap',
      'skipped 3 overlap',
      'succeeded 1',
      'started 4',
    ]);
    expect(made.heard[1]?.at).toEqual(at(2));
    expect(await checkpointOf()).toMatchObject({ job: { last: at(4).toISOString() } });
  });

  it('queues where it is told to, and runs in its order', async () => {
    let atWork = 0;
    const made = every(
      1,
      a,
      async () => {
        expect(++atWork).toBe(1);
        await threeSeconds();
        atWork -= 1;
      },
      { overlap: 'queue' },
    );
    await rig.to(9);
    expect(made.log).toEqual([
      'started 1',
      'succeeded 1',
      'started 2',
      'succeeded 2',
      'started 3',
      'succeeded 3',
      'started 4',
    ]);
  });

  it('is skipped where 1000 queue already', async () => {
    const first = pending();
    const made = every(0.1, a, () => first.promise, { overlap: 'queue' });
    await rig.to(0.1 + 100.3);
    expect(made.log).toHaveLength(4);
    expect(made.log.slice(1).every((line) => line.endsWith('overlap'))).toBe(true);
    first.resolve();
    await rig.clock.advance(1);
    expect(made.log.filter((line) => line.startsWith('succeeded'))).toHaveLength(1001);
  });

  it('is skipped while the one before waits for its jitter, too', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    const made = every(10, a, () => {}, { jitterMs: 24_000 });
    await rig.to(33);
    expect(made.log).toEqual(['skipped 20 overlap', 'started 10', 'succeeded 10']);
    expect(made.heard[1]).toMatchObject({ scheduledAt: at(10), at: at(22) });
  });
});

describe('atMostFor', () => {
  it('tells the job to stop, which may take its time', async () => {
    const reasons: unknown[] = [];
    const made = every(
      10,
      a,
      ({ signal }) =>
        new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => {
            reasons.push(signal.reason);
            void rig.passes(500).then(resolve);
          });
        }),
      { atMostFor: 2000, graceMs: 1000 },
    );
    await rig.to(13);
    expect(reasons).toMatchObject([{ name: 'TimeoutError' }]);
    expect(made.log).toEqual(['started 10', 'succeeded 10']);
    expect(made.heard[1]).toMatchObject({ durationMs: 2500 });
  });

  it('goes on without a job that does not stop, and reports the overrun', async () => {
    const never = pending();
    let starts = 0;
    const made = every(10, a, () => (++starts === 1 ? never.promise : undefined), {
      atMostFor: 12_000,
      graceMs: 3000,
    });
    await rig.to(31);
    expect(made.log).toEqual([
      'started 10',
      'skipped 20 overlap',
      'failed 10 overrun',
      'started 30',
      'succeeded 30',
    ]);
    never.reject(new Error('later, and nobody hears it'));
    await rig.to(35);
    expect(made.log).toHaveLength(5);
  });

  it('is not what a job that ends in time hears of', async () => {
    let signal: AbortSignal | undefined;
    every(10, a, (run) => void ({ signal } = run), { atMostFor: 1000 });
    await rig.to(15);
    expect(signal?.aborted).toBe(false);
  });
});

describe('jitterMs', () => {
  it('delays the start, not the tick', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.25);
    const made = every(10, a, () => {}, { jitterMs: 4000 });
    await rig.to(15);
    expect(made.heard[0]).toMatchObject({ kind: 'started', scheduledAt: at(10), at: at(11) });
  });
});

describe('a long term', () => {
  it('gathers no listeners', async () => {
    every(1, a, () => {});
    await rig.to(1.5);
    const listeners = (): number => getEventListeners(a.election.term!.signal, 'abort').length;
    const before = listeners();
    await rig.to(20.5);
    expect(listeners()).toBe(before);
  });
});

describe('stop', () => {
  it('leaves no timer of its own', async () => {
    a.election.start();
    await rig.to(1.5);
    const before = rig.clock.alarms;
    const made = every(10, a, () => {}, { jitterMs: 5000 });
    await rig.to(10);
    expect(rig.clock.alarms).toBeGreaterThan(before);
    await made.stop();
    expect(rig.clock.alarms).toBe(before);
  });

  it('aborts the job, waits for it, and leaves the election', async () => {
    const job = pending();
    let aborted = false;
    const made = every(1, a, ({ signal }) => {
      signal.addEventListener('abort', () => (aborted = true));
      return job.promise;
    });
    await rig.to(1.5);
    let stopped = false;
    const stopping = made.stop().then(() => (stopped = true));
    const again = made.stop();
    await rig.to(4);
    expect([aborted, stopped]).toEqual([true, false]);
    job.resolve();
    await Promise.all([stopping, again]);
    await rig.to(6);
    expect(made.log).toEqual(['started 1', 'succeeded 1']);
    expect(a.election.term?.isCurrent()).toBe(true);
  });

  it('skips what waits, and ends the stream', async () => {
    const made = every(
      1,
      a,
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        }),
      { overlap: 'queue' },
    );
    let ended = false;
    made.runs.subscribe({ complete: () => (ended = true) });
    await rig.to(3.5);
    await made.stop();
    expect(made.log).toEqual(['started 1', 'skipped 2 stopped', 'skipped 3 stopped', 'failed 1']);
    expect(ended).toBe(true);
  });

  it('cuts the jitter short, and leaves the tick to whoever is next', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    const made = every(10, a, () => {}, { jitterMs: 9000 });
    await rig.to(12);
    await made.stop();
    expect(made.log).toEqual(['skipped 10 stopped']);
    const next = every(10, a, () => {});
    await rig.to(13);
    expect(next.log).toEqual(['started 10', 'succeeded 10']);
  });

  it('frees the name, also by `await using`', async () => {
    {
      await using made = every(1, a, () => {});
      expect(() => every(1, a, () => {})).toThrow('"job" is scheduled on election "jobs" already');
      expect(made.name).toBe('job');
    }
    const made = every(1, a, () => {});
    expect(made.name).toBe('job');
    await made.stop();
  });

  it('may be called by a subscriber that hears of a run', async () => {
    const made = every(1, a, () => {}, { guarantee: 'at-least-once' });
    made.runs.subscribe((run) => {
      if (run.kind === 'succeeded') void made.stop();
    });
    await rig.to(5);
    expect(made.log).toEqual(['started 1', 'succeeded 1']);
  });
});

describe('a subscriber that throws', () => {
  it('disturbs nobody, at the end of a pipe neither', async () => {
    const warnings: string[] = [];
    vi.spyOn(process, 'emitWarning').mockImplementation((warning) => void warnings.push(String(warning)));
    const made = schedule(a.election, () => {}, { everyMs: 1000, name: 'job', clock: rig.clock });
    made.runs.subscribe(() => {
      throw new Error('first');
    });
    made.runs.subscribe(() => Promise.reject(new Error('second')) as unknown as void);
    made.runs
      .pipe(
        map(() => {
          throw new Error('third');
        }),
      )
      .subscribe();
    const { log } = listen(made);
    await rig.to(1.5);
    expect(log).toEqual(['started 1', 'succeeded 1']);
    for (const word of ['first', 'second', 'third'])
      expect(warnings.some((warning) => warning.includes(word))).toBe(true);
  });
});

describe('what makes no sense is refused at once:', () => {
  const job: Job = () => {};
  const refused = (make: () => unknown, ...words: readonly string[]): void => {
    expect(make).toThrow(InvalidArgumentError);
    for (const word of words) expect(make).toThrow(word);
  };
  const withOptions = (options: object) => () =>
    schedule(a.election, '0 3 * * *', job, options as ScheduleOptions);

  const cases: readonly (readonly [string, () => unknown, ...string[]])[] = [
    ['a cron text', () => schedule(a.election, '0 3 * *', job), '"0 3 * *"'],
    ['a date that never comes', () => schedule(a.election, '0 0 30 2 *', job), '"0 0 30 2 *" never comes'],
    ['a time zone', withOptions({ timezone: 'Berlin' }), '"Berlin"'],
    ['no time zone', withOptions({ timezone: 5 }), 'got 5'],
    ['an unknown option', withOptions({ timeZone: 'UTC' }), '"timeZone"'],
    ['everyMs beside a cron text', withOptions({ everyMs: 1000 }), '"everyMs"'],
    ['a guarantee', withOptions({ guarantee: 'exactly-once' }), '"exactly-once"'],
    ['onMissed', withOptions({ onMissed: 'run' }), '"run"'],
    ['overlap', withOptions({ overlap: 'run' }), '"run"'],
    ['skip with at-least-once', withOptions({ guarantee: 'at-least-once', onMissed: 'skip' }), 'run-once'],
    ['atMostFor', withOptions({ atMostFor: 0 }), 'got 0'],
    ['graceMs', withOptions({ graceMs: -1 }), 'graceMs must be 0 to', 'got -1'],
    ['atLeastFor', withOptions({ atLeastFor: Infinity }), 'got Infinity'],
    ['jitterMs', withOptions({ jitterMs: Number.NaN }), 'got NaN'],
    ['lateMs', withOptions({ lateMs: '5' }), 'lateMs'],
    ['a name', withOptions({ name: '' }), 'got ""'],
    ['options', () => schedule(a.election, '0 3 * * *', job, null as unknown as object), 'null'],
    ['everyMs', () => schedule(a.election, job, { everyMs: 99 }), 'got 99'],
    ['no everyMs', () => schedule(a.election, job, {} as { everyMs: number }), 'got undefined'],
    ['a zone for everyMs', () => schedule(a.election, job, { everyMs: 1000, timezone: 'UTC' }), '"UTC"'],
    ['a job', () => schedule(a.election, '0 3 * * *', 'job' as unknown as Job), 'got string'],
    ['no cron text', () => schedule(a.election, 5 as unknown as string, job), 'got 5'],
    ['an election', () => schedule({} as typeof a.election, '0 3 * * *', job), 'tenure.election'],
  ];
  it.each(cases.map(([what, ...rest]) => ({ what, rest })))('$what', ({ rest: [make, ...words] }) =>
    refused(make, ...words),
  );

  it('a second schedule of one name, which needs one of its own', () => {
    schedule(a.election, '0 3 * * *', job);
    refused(() => schedule(a.election, '0 3 * * *', job), '"0 3 * * *"', 'name');
    expect(schedule(a.election, '0 3 * * *', job, { name: 'other' }).name).toBe('other');
    expect(schedule(a.election, job, { everyMs: 60_000 }).name).toBe('every 60000 ms');
    expect(schedule(rig.replica('b').election, '0 3 * * *', job).name).toBe('0 3 * * *');
  });

  it('leaves nothing behind', () => {
    refused(withOptions({ name: 'x', lateMs: -1 }));
    expect(a.election.standing).toBeDefined();
    expect(withOptions({ name: 'x' })).not.toThrow();
  });
});

/** What the next term finds of the schedules. */
async function checkpointOf(): Promise<unknown> {
  const resigned = a.election.resign();
  await rig.clock.advance(5000);
  await resigned;
  return a.election.term?.slot('schedules').checkpoint;
}
