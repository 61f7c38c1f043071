import { describe, expect, it } from 'vitest';
import { MOST_RUNS, dueTicks, plan } from '../src/plan.ts';
import type { OnMissed, Plan } from '../src/plan.ts';
import { cronTicks, everyTicks } from '../src/ticks.ts';
import type { Ticks } from '../src/ticks.ts';

const policies: readonly OnMissed[] = ['skip', 'run-once', 'run-all'];

/** Ticks at the times given, which counts what it is asked for. */
function listed(times: readonly number[]): Ticks & { readonly asked: () => number } {
  let asked = 0;
  return {
    next(after) {
      asked += 1;
      return times.find((time) => time > after);
    },
    latest(count, upto) {
      asked += count;
      return times.filter((time) => time <= upto).slice(-count);
    },
    asked: () => asked,
  };
}

/** Every tick in (last, now] runs or is missed, once; nothing else does. */
function check(times: readonly number[], last: number, now: number, { runs, missed, upToMs }: Plan): void {
  const due = times.filter((time) => time > last && time <= now);
  expect(upToMs).toBe(due.at(-1));
  expect(runs).toEqual([...new Set(runs)].toSorted((a, b) => a - b));
  const rest = due.filter((time) => !runs.includes(time));
  expect(runs.length + rest.length).toBe(due.length);
  expect(missed === undefined).toBe(rest.length === 0);
  if (!missed) return;
  expect(missed.sinceMs).toBe(rest[0]);
  expect(missed.untilMs).toBe(rest.at(-1));
  if (missed.more) expect(missed.count).toBeLessThan(rest.length);
  else expect(missed.count).toBe(rest.length);
  expect(runs.every((time) => time > missed.untilMs)).toBe(true);
}

describe('the plan', () => {
  it('accounts for every due tick once, for all small sets of ticks, moments and policies', () => {
    let plans = 0;
    for (let set = 0; set < 2 ** 5; set++) {
      const times = [1, 2, 3, 4, 5].filter((time) => set & (1 << (time - 1)));
      for (let last = 0; last <= 6; last++) {
        for (let now = 0; now <= 6; now++) {
          for (const onMissed of policies) {
            for (const lateMs of [0, 1, 3]) {
              const made = plan({ ticks: listed(times), lastMs: last, nowMs: now, onMissed, lateMs });
              check(times, last, now, made);
              const due = times.filter((time) => time > last && time <= now);
              const latest = due.slice(-1);
              if (onMissed === 'run-all') expect(made.runs).toEqual(due);
              if (onMissed === 'run-once') expect(made.runs).toEqual(latest);
              if (onMissed === 'skip')
                expect(made.runs).toEqual(latest.filter((time) => now - time <= lateMs));
              plans += 1;
            }
          }
        }
      }
    }
    expect(plans).toBe(2 ** 5 * 7 * 7 * 9);
  });

  it('never runs a tick twice, whatever wakes it and when, and leaves none out', () => {
    let seed = 1;
    const chance = (below: number): number => {
      seed = (seed * 48_271) % 0x7fffffff;
      return seed % below;
    };
    for (let history = 0; history < 300; history++) {
      const times: number[] = [];
      for (let time = 0; times.length < 200; time += 1 + chance(20)) times.push(time);
      const onMissed = policies[chance(3)] ?? 'skip';
      const lateMs = chance(40);
      const ran: number[] = [];
      let missed = 0;
      let last = -1;
      for (let now = 0; now < 2500;) {
        // Now and then the clock is set back.
        now += chance(10) === 0 ? -chance(100) : chance(150);
        const made = plan({ ticks: listed(times), lastMs: last, nowMs: now, onMissed, lateMs });
        check(times, last, now, made);
        ran.push(...made.runs);
        missed += made.missed?.count ?? 0;
        last = made.upToMs ?? last;
      }
      expect(ran).toEqual([...new Set(ran)].toSorted((a, b) => a - b));
      expect(ran.length + missed).toBe(times.filter((time) => time <= last).length);
    }
  });

  it('runs the latest 1000 of a week of seconds, and says that there were more', () => {
    const weekMs = 7 * 86_400_000;
    for (const ticks of [everyTicks(1000), cronTicks('* * * * * *', 'UTC')]) {
      const nowMs = 1_893_456_000_500;
      const lastMs = nowMs - weekMs;
      const made = plan({ ticks, lastMs, nowMs, onMissed: 'run-all', lateMs: 0 });
      expect(made.runs).toHaveLength(MOST_RUNS);
      expect([made.runs[0], made.runs.at(-1)]).toEqual([1_893_455_001_000, 1_893_456_000_000]);
      expect(made.missed).toEqual({
        sinceMs: lastMs + 500,
        untilMs: 1_893_455_000_000,
        count: 100,
        more: true,
      });
    }
  });

  it('asks for a bounded number of ticks, however many were missed', () => {
    const times = Array.from({ length: 100_000 }, (_, index) => index);
    for (const [onMissed, most] of [
      ['skip', 300],
      ['run-once', 300],
      ['run-all', 1300],
    ] as const) {
      const ticks = listed(times);
      const made = plan({ ticks, lastMs: -1, nowMs: 99_999, onMissed, lateMs: 0 });
      check(times, -1, 99_999, made);
      expect(made.missed?.more).toBe(true);
      expect(ticks.asked()).toBeLessThan(most);
    }
  });

  it('counts exactly up to the bound, whichever way it looked', () => {
    for (let count = 95; count < 110; count++) {
      const times = Array.from({ length: count }, (_, index) => index);
      const made = plan({ ticks: listed(times), lastMs: -1, nowMs: count, onMissed: 'run-once', lateMs: 0 });
      check(times, -1, count, made);
      expect(made.missed?.more).toBe(count > 101 ? true : undefined);
    }
    for (const count of [1000, 1001, 1050, 1100, 1101]) {
      const times = Array.from({ length: count }, (_, index) => index);
      const made = plan({ ticks: listed(times), lastMs: -1, nowMs: count, onMissed: 'run-all', lateMs: 0 });
      check(times, -1, count, made);
      expect(made.missed?.more).toBe(count > 1100 ? true : undefined);
    }
  });

  it('runs nothing from before, where it looked from the latest back', () => {
    const times = Array.from({ length: 2000 }, (_, index) => index);
    for (const onMissed of policies) {
      const made = plan({ ticks: listed(times), lastMs: 1499, nowMs: 1999, onMissed, lateMs: 0 });
      check(times, 1499, 1999, made);
      expect(made.runs).toHaveLength(onMissed === 'run-all' ? 500 : 1);
    }
  });

  it('finds nothing due before, at and after the last tick there is', () => {
    const ticks = listed([10]);
    expect(dueTicks(ticks, 10, 20, 5).due).toEqual([]);
    expect(dueTicks(ticks, 0, 9, 5).due).toEqual([]);
    expect(dueTicks(ticks, 20, 10, 5).due).toEqual([]);
    expect(dueTicks(ticks, 9, 10, 5).due).toEqual([10]);
  });
});
