import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { later } from '@tenure/core/store';
import { Rig, T0, at, crash, every, pending } from './rig.ts';
import type { Replica } from './rig.ts';

let rig: Rig;
let a: Replica;
let b: Replica;
beforeEach(async () => {
  rig = new Rig();
  a = rig.replica('a');
  b = rig.replica('b');
  a.election.start();
  await rig.clock.advance(1); // a stands first, and leads
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rig.close();
});

/** Once, at that moment and before anything else that is due then. */
const when = (seconds: number, act: () => void): void => {
  rig.clock.alarm(later(rig.clock.now(), T0 + seconds * 1000 - rig.clock.now().wallMs), act);
};

describe('a tick in the middle of a change', () => {
  it('that came shortly before the leader crashed runs on its successor', async () => {
    const [one, other] = [every(10, a, () => {}), every(10, b, () => {})];
    await rig.to(9.9);
    crash(a);
    await rig.to(15);
    expect(one.log).toEqual(['skipped 10 term-over']);
    expect(other.log).toEqual(['started 10', 'succeeded 10']);
  });

  it('is missed when it is later than lateMs, once', async () => {
    const [one, other] = [every(10, a, () => {}), every(10, b, () => {}, { lateMs: 100 })];
    await rig.to(9.9);
    crash(a);
    await rig.to(21);
    expect(one.log).toEqual(['skipped 10 term-over']);
    expect(other.log).toEqual(['missed 10..10 1', 'started 20', 'succeeded 20']);
  });

  it('runs once when the leader resigns at that very moment, before it is recorded', async () => {
    when(10, () => void a.election.resign());
    const [one, other] = [every(10, a, () => {}), every(10, b, () => {})];
    await rig.to(15);
    const starts = [...one.log, ...other.log].filter((line) => line === 'started 10');
    expect(starts).toHaveLength(1);
    expect(other.log).toEqual(['started 10', 'succeeded 10']);
  });

  it('runs once when the leader resigns after it was recorded and before the job began', async () => {
    const [one, other] = [every(10, a, () => {}), every(10, b, () => {})];
    await rig.to(9.9);
    a.fault = ({ verb }) => (verb === 'save' ? { kind: 'late', requestMs: 10, answerMs: 60 } : undefined);
    await rig.to(10.03);
    void a.election.resign();
    await rig.to(15);
    expect(a.calls.filter(({ verb }) => verb === 'save')).toHaveLength(3); // baseline, tick, taken back
    expect(one.log).toEqual(['skipped 10 term-over']);
    expect(other.log).toEqual(['started 10', 'succeeded 10']);
  });

  it('runs once when the leader resigns while the job runs', async () => {
    const [one, other] = [every(10, a, () => rig.passes(300)), every(10, b, () => {})];
    await rig.to(10.1);
    void a.election.resign();
    await rig.to(15);
    expect(one.log).toEqual(['started 10', 'succeeded 10']);
    expect(other.log).toEqual([]);
  });
});

describe('at-most-once', () => {
  it.each([
    ['stored: nobody runs it', true, []],
    ['not stored: the successor runs it', false, ['started 10', 'succeeded 10']],
  ])('when the record is never answered, and was %s', async (_, applied, expected) => {
    const [one, other] = [every(10, a, () => {}), every(10, b, () => {})];
    await rig.to(9.9);
    a.fault = ({ verb }) => ({ kind: 'hung', applied: applied && verb === 'save' });
    await rig.to(19);
    expect(one.log).toEqual(['skipped 10 term-over']);
    expect(other.log).toEqual(expected);
  });

  it('runs once when the answer to the record is lost and the store asked again', async () => {
    let lost = 0;
    const one = every(10, a, () => {});
    await rig.to(9.9);
    a.fault = ({ verb }) => (verb === 'save' && ++lost === 1 ? { kind: 'unanswered' } : undefined);
    await rig.to(15);
    expect(lost).toBeGreaterThan(1);
    expect(one.log).toEqual(['started 10', 'succeeded 10']);
  });

  it('has the tick in the store before the job starts, and does not repeat it after a crash', async () => {
    const forever = pending();
    const [one, other] = [every(10, a, () => forever.promise), every(10, b, () => {})];
    await rig.to(10.1);
    crash(a);
    await rig.to(21);
    expect(one.log).toEqual(['started 10']);
    expect(other.log).toEqual(['started 20', 'succeeded 20']);
    forever.resolve();
    await rig.to(22);
    expect(one.log).toEqual(['started 10', 'succeeded 10']);
  });

  it('catches up with the latest only, unless told otherwise', async () => {
    const outage = async (onMissed: 'skip' | 'run-once' | 'run-all'): Promise<readonly string[]> => {
      const made = every(10, a, () => {}, { name: onMissed, onMissed });
      await rig.clock.advance(1);
      crash(a);
      const start = Math.ceil((rig.clock.now().wallMs - T0) / 10_000) * 10;
      await rig.to(start + 31);
      a.fault = () => undefined;
      await rig.to(start + 39);
      await made.stop();
      return made.log.map((line) => line.replaceAll(/\d\d+/g, (tick) => `${Number(tick) - start}`));
    };
    const once = ['missed 0..20 3', 'started 30', 'succeeded 30'];
    expect(await outage('skip')).toEqual(once);
    expect(await outage('run-once')).toEqual(once);
    const all = [0, 10, 20, 30].flatMap((tick) => [`started ${tick}`, `succeeded ${tick}`]);
    expect(await outage('run-all')).toEqual(all);
  });
});

describe('at-least-once', () => {
  const atLeastOnce = { guarantee: 'at-least-once' } as const;

  it('runs again what a crash interrupted, and nothing that was recorded', async () => {
    const forever = pending();
    let runs = 0;
    const one = every(10, a, () => (++runs === 2 ? forever.promise : undefined), atLeastOnce);
    const other = every(10, b, () => {}, atLeastOnce);
    await rig.to(20.1);
    crash(a);
    await rig.to(25);
    expect(one.log).toEqual(['started 10', 'succeeded 10', 'started 20']);
    expect(other.log).toEqual(['started 20', 'succeeded 20']);
    forever.resolve();
  });

  it('runs again what was done, when the crash came before the record', async () => {
    const [one, other] = [every(10, a, () => {}, atLeastOnce), every(10, b, () => {}, atLeastOnce)];
    await rig.to(9.9);
    crash(a);
    a.fault = ({ verb }) => (verb === 'renew' ? undefined : { kind: 'hung', applied: false });
    await rig.to(10.1);
    expect(one.log).toEqual(['started 10', 'succeeded 10']);
    crash(a);
    await rig.to(15);
    expect(other.log).toEqual(['started 10', 'succeeded 10']);
  });

  it('forgets no tick since the schedule began to exist', async () => {
    const [one, other] = [every(10, a, () => {}, atLeastOnce), every(10, b, () => {}, atLeastOnce)];
    await rig.to(5);
    crash(a);
    b.fault = () => ({ kind: 'lost' });
    await rig.to(45);
    b.fault = () => undefined;
    await rig.to(49);
    expect(one.log).toEqual([]);
    const all = [10, 20, 30, 40].flatMap((tick) => [`started ${tick}`, `succeeded ${tick}`]);
    expect(other.log).toEqual(all);
  });

  it('does not repeat a job that threw', async () => {
    const fail = (): never => {
      throw new Error('no');
    };
    const [one, other] = [every(10, a, fail, atLeastOnce), every(10, b, () => {}, atLeastOnce)];
    await rig.to(11);
    crash(a);
    await rig.to(15);
    expect([one.log, other.log]).toEqual([['started 10', 'failed 10'], []]);
  });

  it('leaves to the successor what was told to stop and did', async () => {
    const [one, other] = [
      every(
        10,
        a,
        ({ signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason as Error));
          }),
        atLeastOnce,
      ),
      every(10, b, () => {}, atLeastOnce),
    ];
    await rig.to(11);
    void a.election.resign();
    await rig.to(15);
    expect(one.log).toEqual(['started 10', 'failed 10']);
    expect(other.log).toEqual(['started 10', 'succeeded 10']);
  });

  it('keeps what was told to stop and succeeded all the same', async () => {
    const [one, other] = [
      every(10, a, () => rig.passes(2000), atLeastOnce),
      every(10, b, () => {}, atLeastOnce),
    ];
    await rig.to(11);
    void a.election.resign();
    await rig.to(15);
    expect([one.log, other.log]).toEqual([['started 10', 'succeeded 10'], []]);
  });

  it('decides a tick that was skipped together with the one that ran, never before it', async () => {
    const forever = pending();
    const [one, other] = [
      every(10, a, () => forever.promise, { ...atLeastOnce, overlap: 'skip' }),
      every(10, b, () => {}, { ...atLeastOnce, overlap: 'skip' }),
    ];
    await rig.to(21);
    expect(one.log).toEqual(['started 10', 'skipped 20 overlap']);
    crash(a);
    await rig.to(25);
    expect(other.log).toEqual(['started 10', 'succeeded 10', 'started 20', 'succeeded 20']);
    forever.resolve();
  });

  it('drops no tick that comes while the job runs, unless it is told to', async () => {
    const [one, other] = [
      every(10, a, () => rig.passes(11_000), atLeastOnce),
      every(10, b, () => {}, atLeastOnce),
    ];
    await rig.to(22);
    expect(one.log).toEqual(['started 10', 'succeeded 10', 'started 20']);
    crash(a);
    await rig.to(25);
    expect(other.log).toEqual(['started 20', 'succeeded 20']);
  });

  it('records the skipped tick when the one that ran is done', async () => {
    const [one, other] = [
      every(10, a, () => rig.passes(11_000), { ...atLeastOnce, overlap: 'skip' }),
      every(10, b, () => {}, { ...atLeastOnce, overlap: 'skip' }),
    ];
    await rig.to(22);
    crash(a);
    await rig.to(25);
    expect(one.log).toEqual(['started 10', 'skipped 20 overlap', 'succeeded 10']);
    expect(other.log).toEqual([]);
  });
});

describe('atLeastFor', () => {
  it('skips the ticks that are due within it, also on a successor', async () => {
    const options = { atLeastFor: 25_000 };
    const [one, other] = [every(10, a, () => {}, options), every(10, b, () => {}, options)];
    await rig.to(21);
    crash(a);
    await rig.to(41);
    expect(one.log).toEqual(['started 10', 'succeeded 10', 'skipped 20 at-least-for']);
    expect(other.log).toEqual(['skipped 30 at-least-for', 'started 40', 'succeeded 40']);
  });

  it('is known to the successor from the moment the job starts', async () => {
    const forever = pending();
    const options = { atLeastFor: 15_000 };
    const [one, other] = [every(10, a, () => forever.promise, options), every(10, b, () => {}, options)];
    await rig.to(10.1);
    crash(a);
    await rig.to(31);
    expect(one.log).toEqual(['started 10']);
    expect(other.log).toEqual(['skipped 20 at-least-for', 'started 30', 'succeeded 30']);
    forever.resolve();
  });
});

describe('the first term of a name', () => {
  it('owes nothing from before, with any guarantee', async () => {
    const made = every(0.1, a, () => {}, { guarantee: 'at-least-once' });
    await rig.to(0.15);
    expect(made.log).toEqual(['started 0.1', 'succeeded 0.1']);
    expect(made.heard[0]?.scheduledAt).toEqual(at(0.1));
  });

  it('runs nothing before its beginning is stored', async () => {
    a.fault = ({ verb }) => (verb === 'save' ? { kind: 'late', requestMs: 40, answerMs: 40 } : undefined);
    await rig.to(0.95);
    const made = every(1, a, () => {}, { lateMs: 500 });
    await rig.to(1.02);
    expect(made.log).toEqual([]);
    await rig.to(1.5);
    expect(made.log).toEqual(['started 1', 'succeeded 1']);
    expect(made.heard[0]?.at).toEqual(at(1.11));
  });
});
