import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { isPast, later, rebase, remainingMs, systemClock } from '../src/clock.ts';
import type { Instant } from '../src/clock.ts';

const instant = (monoMs: number, wallMs: number): Instant => ({ monoMs, wallMs });

describe('a deadline', () => {
  it('is past when either clock has passed it', () => {
    const deadline = instant(100, 1000);
    expect(isPast(deadline, instant(99, 999))).toBe(false);
    expect(isPast(deadline, instant(100, 500))).toBe(true);
    expect(isPast(deadline, instant(50, 1000))).toBe(true);
    expect(remainingMs(deadline, instant(90, 995))).toBe(5);
    expect(remainingMs(deadline, instant(200, 0))).toBe(0);
  });

  it('follows a wall clock that goes back, and is not moved by noise', () => {
    const deadline = instant(100, 1000);
    expect(rebase(deadline, instant(40, 340))).toEqual(instant(100, 400));
    expect(rebase(deadline, instant(40, 945))).toBe(deadline);
  });

  it('remembers a suspend that a wall clock set back would hide', () => {
    expect(rebase(instant(100, 1000), instant(40, 980))).toEqual(instant(60, 1000));
  });

  it('is noticed after any steps and suspends, however they are mixed, if the clock is read between them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(200), fc.integer({ min: -500, max: 500 }), fc.nat(300))),
        (story) => {
          let now = instant(0, 10_000);
          let elapsed = 0;
          let deadline = later(now, 1000);
          for (const [runs, step, sleeps] of story) {
            for (const next of [
              later(now, runs),
              instant(now.monoMs + runs, now.wallMs + runs + Math.min(0, step)),
            ]) {
              deadline = rebase(deadline, next);
              now = next;
            }
            elapsed += runs + sleeps;
            now = instant(now.monoMs, now.wallMs + sleeps);
            if (elapsed >= 1020) expect(isPast(deadline, now)).toBe(true);
            deadline = rebase(deadline, now);
          }
        },
      ),
    );
  });
});

describe('the system clock', () => {
  afterEach(() => vi.useRealTimers());

  it('takes alarms further away than Node timers reach, without firing or spinning (T67)', async () => {
    const due = vi.fn<() => void>();
    const warned = vi.fn<(warning: Error) => void>();
    process.on('warning', warned);
    const cancel = systemClock.alarm(later(systemClock.now(), 2 ** 31 + 1000), due);
    await new Promise<void>((resolve) => void systemClock.alarm(later(systemClock.now(), 20), resolve));
    cancel();
    process.removeListener('warning', warned);
    expect(due).not.toHaveBeenCalled();
    // Node warns of a delay that it cannot hold, and takes 1 ms instead.
    expect(warned).not.toHaveBeenCalled();
  });

  it('has one timer for all alarms that are far away, and none when they are cancelled', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    const now = systemClock.now();
    const due = vi.fn<() => void>();
    const cancels = Array.from({ length: 1000 }, (_, index) =>
      systemClock.alarm(later(now, 60_000 + index), due),
    );
    expect(timers()).toBe(before + 1);
    // It looks at them once a second, and lets them sleep on.
    await new Promise<void>((resolve) => void systemClock.alarm(later(now, 1050), resolve));
    const asleep = timers();
    for (const cancel of cancels) cancel();
    expect(timers()).toBe(asleep - 1);
    expect(due).not.toHaveBeenCalled();
  });

  it('calls an alarm that was far away when its time has come', async () => {
    const at = later(systemClock.now(), 1100);
    await new Promise<void>((resolve) => void systemClock.alarm(at, resolve));
    expect(isPast(at, systemClock.now())).toBe(true);
  });

  it('is not frozen by fake timers that somebody installs later (T74)', async () => {
    vi.useFakeTimers();
    const at = later(systemClock.now(), 10);
    await new Promise<void>((resolve) => void systemClock.alarm(at, resolve));
    expect(isPast(at, systemClock.now())).toBe(true);
  });

  it('never calls an alarm before its instant', async () => {
    const at = later(systemClock.now(), 15);
    await new Promise<void>((resolve) => void systemClock.alarm(at, resolve));
    expect(isPast(at, systemClock.now())).toBe(true);
  });
});
