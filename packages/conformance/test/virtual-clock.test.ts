import { isPast, later } from '@tenure/core/store';
import { expect, it } from 'vitest';
import { VirtualClock } from '@tenure/conformance/clock';

it('runs alarms in their order, each at its time, and those that they set', async () => {
  const clock = new VirtualClock();
  const start = clock.now();
  const seen: [string, number][] = [];
  const mark = (what: string) => (): void => void seen.push([what, clock.now().monoMs - start.monoMs]);
  clock.alarm(later(start, 30), mark('third'));
  clock.alarm(later(start, 10), () => {
    mark('first')();
    clock.alarm(later(start, 20), mark('second'));
  });
  const cancel = clock.alarm(later(start, 15), mark('cancelled'));
  cancel();
  await clock.advance(25);
  expect(seen).toEqual([
    ['first', 10],
    ['second', 20],
  ]);
  expect(clock.now()).toEqual(later(start, 25));
  await clock.advance(5);
  expect(seen.at(-1)).toEqual(['third', 30]);
  expect(clock.alarms).toBe(0);
});

it('lets promises run between two alarms', async () => {
  const clock = new VirtualClock();
  const start = clock.now();
  let wokenAtMs = 0;
  const chain = async (): Promise<void> => {
    await new Promise<void>((resolve) => {
      clock.alarm(later(start, 10), resolve);
    });
    for (let i = 0; i < 20; i += 1) await Promise.resolve();
    wokenAtMs = clock.now().monoMs - start.monoMs;
  };
  const done = chain();
  await clock.advance(100);
  await done;
  expect(wokenAtMs).toBe(10);
});

it('goes off when either clock has passed: after a step forward or a suspend at the next advance', async () => {
  for (const leap of ['stepWall', 'suspend'] as const) {
    const clock = new VirtualClock();
    let due = 0;
    clock.alarm(later(clock.now(), 1000), () => (due += 1));
    clock[leap](5000);
    expect(due).toBe(0);
    await clock.advance(0);
    expect(due).toBe(1);
  }
});

it('is not delayed by a step back, because the monotonic clock goes on', async () => {
  const clock = new VirtualClock();
  let due = 0;
  clock.alarm(later(clock.now(), 1000), () => (due += 1));
  clock.stepWall(-5000);
  await clock.advance(1000);
  expect(due).toBe(1);
});

it('shows time that passed while the process could not run, before any alarm has gone off', async () => {
  const clock = new VirtualClock();
  let due = 0;
  const deadline = later(clock.now(), 1000);
  clock.alarm(deadline, () => (due += 1));
  clock.stall(2000);
  expect(isPast(deadline, clock.now())).toBe(true);
  expect(due).toBe(0);
  await clock.advance(0);
  expect(due).toBe(1);
});

it('gives machines clocks of their own: ahead, faster, frozen, suspended', async () => {
  const clock = new VirtualClock();
  const ahead = clock.view({ offsetMs: 5000 });
  const fast = clock.view({ rate: 1.1 });
  expect(ahead.now().monoMs - clock.now().monoMs).toBe(5000);
  const seen: string[] = [];
  const deadline = later(fast.now(), 1000);
  fast.alarm(deadline, () => seen.push(isPast(deadline, fast.now()) ? 'fast' : 'too early'));
  clock.alarm(later(clock.now(), 950), () => seen.push('base'));
  await clock.advance(1000);
  expect(seen).toEqual(['fast', 'base']);

  const before = ahead.now();
  ahead.alarm(later(before, 100), () => seen.push('thawed'));
  ahead.freeze('suspend');
  await clock.advance(500);
  expect(seen).not.toContain('thawed');
  ahead.thaw();
  expect(ahead.now().monoMs).toBeCloseTo(before.monoMs);
  expect(ahead.now().wallMs).toBeCloseTo(before.wallMs + 500);
  await clock.advance(0);
  expect(seen).toContain('thawed');
});

it('refuses to stand still for ever', async () => {
  const clock = new VirtualClock();
  const at = clock.now();
  const again = (): void => void clock.alarm(at, again);
  again();
  await expect(clock.advance(1)).rejects.toThrow('again and again');
});

it('kills a machine: none of its alarms goes off, and it sets no more', async () => {
  const clock = new VirtualClock();
  const dead = clock.view();
  const other = clock.view();
  const seen: string[] = [];
  dead.alarm(later(dead.now(), 10), () => seen.push('set before'));
  other.alarm(later(other.now(), 20), () => seen.push('other'));
  dead.kill();
  dead.alarm(later(dead.now(), 10), () => seen.push('set after'));
  expect({ frozen: dead.frozen, alarms: clock.alarms }).toEqual({ frozen: true, alarms: 1 });
  dead.thaw();
  await clock.advance(100);
  expect(seen).toEqual(['other']);
});

it('runs every promise between two alarms also when it waits for nothing else', async () => {
  const clock = new VirtualClock({ between: 'promises' });
  const start = clock.now();
  const seen: number[] = [];
  const chain = async (): Promise<void> => {
    await new Promise<void>((resolve) => {
      clock.alarm(later(start, 10), resolve);
    });
    for (let i = 0; i < 50; i += 1) await Promise.resolve();
    seen.push(clock.now().monoMs - start.monoMs);
  };
  clock.alarm(later(start, 11), () => seen.push(clock.now().monoMs - start.monoMs));
  const done = chain();
  await clock.advance(100);
  await done;
  expect(seen).toEqual([10, 11]);
});
