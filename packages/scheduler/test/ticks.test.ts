import { InvalidArgumentError } from '@tenure/core';
import { describe, expect, it } from 'vitest';
import { cronTicks, everyTicks } from '../src/ticks.ts';
import type { Ticks } from '../src/ticks.ts';

const ms = (text: string): number => Date.parse(text);
const text = (time: number | undefined): string | undefined =>
  time === undefined ? undefined : new Date(time).toISOString();

function following(ticks: Ticks, after: string, count: number): (string | undefined)[] {
  const found: (string | undefined)[] = [];
  for (let tick = ticks.next(ms(after)); found.length < count; tick = ticks.next(tick)) {
    found.push(text(tick));
    if (tick === undefined) break;
  }
  return found;
}

describe('cron ticks', () => {
  it('are later than the time given, and not later than the one they end at', () => {
    const ticks = cronTicks('*/5 * * * * *', 'UTC');
    const tick = ms('2030-01-01T00:00:05Z');
    expect(ticks.next(tick - 5000)).toBe(tick);
    expect(ticks.next(tick - 0.5)).toBe(tick);
    expect(ticks.next(tick)).toBe(tick + 5000);
    expect(ticks.next(tick + 0.5)).toBe(tick + 5000);
    expect(ticks.latest(2, tick)).toEqual([tick - 5000, tick]);
    expect(ticks.latest(2, tick - 1)).toEqual([tick - 10_000, tick - 5000]);
  });

  it.each(['30 2 * * *', '0 * * * *', '*/7 * * * *', '0 3 * * MON', '0 0 29 2 *', '15 2-3 * * *'])(
    '%s: are the same looked at forwards and backwards, over both changes of the clocks',
    (pattern) => {
      const ticks = cronTicks(pattern, 'Europe/Berlin');
      for (const day of ['2030-03-30', '2030-10-26']) {
        const from = ms(`${day}T12:00:00Z`);
        const forwards: number[] = [];
        for (let tick = ticks.next(from); tick !== undefined; tick = ticks.next(tick)) {
          if (tick > from + 2 * 86_400_000) break;
          forwards.push(tick);
        }
        const backwards = ticks.latest(1000, from + 2 * 86_400_000).filter((tick) => tick > from);
        expect(backwards).toEqual(forwards);
      }
    },
  );

  it('come once at a time of day that the spring leaves out, right after the gap', () => {
    expect(following(cronTicks('30 2 * * *', 'Europe/Berlin'), '2030-03-30T12:00:00Z', 2)).toEqual([
      '2030-03-31T01:00:00.000Z', // 3:00 in summer time: there is no 2:30
      '2030-04-01T00:30:00.000Z',
    ]);
  });

  it('come once at a time of day that the autumn has twice', () => {
    expect(following(cronTicks('30 2 * * *', 'Europe/Berlin'), '2030-10-26T12:00:00Z', 2)).toEqual([
      '2030-10-27T00:30:00.000Z',
      '2030-10-28T01:30:00.000Z',
    ]);
  });

  it('of a date come once, in the zone given', () => {
    expect(following(cronTicks('2030-06-01T12:00:00', 'Europe/Berlin'), '2030-01-01T00:00:00Z', 3)).toEqual([
      '2030-06-01T10:00:00.000Z',
      undefined,
    ]);
  });

  it('are refused for text and zones that make no sense, which are quoted', () => {
    expect(() => cronTicks('every day', undefined)).toThrow(InvalidArgumentError);
    expect(() => cronTicks('every day', undefined)).toThrow('"every day"');
    expect(() => cronTicks('61 * * * *', undefined)).toThrow('"61 * * * *"');
    expect(() => cronTicks('', undefined)).toThrow('""');
    expect(() => cronTicks('0 3 * * *', 'Mars/Olympus')).toThrow(InvalidArgumentError);
    expect(() => cronTicks('0 3 * * *', 'Mars/Olympus')).toThrow('"Mars/Olympus"');
  });
});

describe('ticks of a period', () => {
  it('are its multiples since 1970', () => {
    const ticks = everyTicks(1500);
    expect([ticks.next(-1), ticks.next(0), ticks.next(1499), ticks.next(1500.5)]).toEqual([
      0, 1500, 1500, 3000,
    ]);
    expect(ticks.latest(3, 4500)).toEqual([1500, 3000, 4500]);
    expect(ticks.latest(1, 4499)).toEqual([3000]);
  });

  it('end where dates do', () => {
    expect(everyTicks(8.64e15).next(0)).toBe(8.64e15);
    expect(everyTicks(8.64e15).next(8.64e15)).toBeUndefined();
  });

  it.each([99, 100.5, 0, -1000, Number.NaN, Infinity, '1000' as unknown as number])(
    'are refused for a period of %s',
    (everyMs) => {
      expect(() => everyTicks(everyMs)).toThrow(InvalidArgumentError);
      expect(() => everyTicks(everyMs)).toThrow(`got ${everyMs}`);
    },
  );
});
