import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Rig, crash, every } from './rig.ts';
import type { Replica } from './rig.ts';

let rig: Rig;
let a: Replica;
beforeEach(() => {
  rig = new Rig();
  a = rig.replica('a');
});
afterEach(() => rig.close());

const ran = (...ticks: readonly number[]): string[] =>
  ticks.flatMap((tick) => [`started ${tick}`, `succeeded ${tick}`]);

describe('a clock that is set back', () => {
  it('over a tick runs it once, and says so when its time comes again', async () => {
    const made = every(10, a, () => {});
    await rig.to(13);
    rig.clock.stepWall(-5000);
    await rig.to(21);
    expect(made.log).toEqual([...ran(10), 'skipped 10 ran-before', ...ran(20)]);
  });

  it('between two looks is noticed by the next', async () => {
    const made = every(10, a, () => {});
    await rig.to(13.5);
    rig.clock.stepWall(-3800);
    await rig.to(15);
    expect(made.log).toEqual([...ran(10), 'skipped 10 ran-before']);
  });

  it('by much skips everything up to where it was', async () => {
    const made = every(10, a, () => {});
    await rig.to(32);
    rig.clock.stepWall(-25_000);
    await rig.to(41);
    expect(made.log).toEqual([
      ...ran(10, 20, 30),
      'skipped 10 ran-before',
      'skipped 20 ran-before',
      'skipped 30 ran-before',
      ...ran(40),
    ]);
  });

  it('before a tick waits for it', async () => {
    const made = every(10, a, () => {});
    await rig.to(9);
    rig.clock.stepWall(-7000);
    await rig.to(9.5);
    expect(made.log).toEqual([]);
    await rig.to(10.5);
    expect(made.log).toEqual(ran(10));
    expect(made.heard[0]?.at.getTime()).toBe(made.heard[0]?.scheduledAt.getTime());
  });
});

describe('a clock that is set forward', () => {
  it('over a tick runs it, late', async () => {
    const made = every(10, a, () => {});
    await rig.to(5);
    rig.clock.stepWall(7000);
    await rig.to(15);
    expect(made.log).toEqual(ran(10));
  });

  it('over several runs the latest, and tells of the others', async () => {
    const made = every(10, a, () => {});
    await rig.to(5);
    rig.clock.stepWall(100_000);
    await rig.to(109);
    expect(made.log).toEqual(['missed 10..90 9', ...ran(100)]);
  });
});

it('a machine that slept runs the latest tick if it is not too late', async () => {
  const made = every(10, a, () => {}, { lateMs: 4000 });
  await rig.to(5);
  rig.clock.suspend(28_000);
  await rig.to(39);
  expect(made.log).toEqual(['missed 10..20 2', ...ran(30)]);
  rig.clock.suspend(26_000); // 65: 60 is 5 s late
  await rig.to(69);
  expect(made.log.slice(3)).toEqual(['missed 40..60 3']);
});

it('a process that was blocked within its term plans what came meanwhile', async () => {
  const b = rig.replica('b', { ttlMs: 60_000 });
  b.election.start();
  await rig.clock.advance(1);
  a.election.stop().catch(() => {});
  const made = every(1, b, () => {});
  await rig.to(1.5);
  rig.clock.stall(5000);
  await rig.to(7.5);
  expect(made.log).toEqual([...ran(1), 'missed 2..5 4', ...ran(6, 7)]);
});

it('a former leader whose clock was ahead has decided its ticks for everybody', async () => {
  const fast = rig.replica('fast', { clock: rig.clock.view({ offsetMs: 15_000 }) });
  const first = every(10, fast, () => {});
  await rig.to(6);
  expect(first.log).toEqual(ran(20));
  const second = every(10, a, () => {});
  crash(fast);
  await rig.to(31);
  expect(second.log).toEqual(['skipped 10 ran-before', 'skipped 20 ran-before', ...ran(30)]);
});
