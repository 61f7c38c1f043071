import { describe, expect, test } from 'vitest';
import { table } from '../failover/table.ts';
import { venueOrSkip } from '../servers/venue.ts';
import { growths, row } from './measurement.ts';
import type { Measurement } from './measurement.ts';
import { settingsFrom } from './settings.ts';
import { soak } from './soak.ts';

const available = await venueOrSkip('redis');

/** The short form of `pnpm soak`. */
test.skipIf(!available)(
  'fifty elections in three processes leave nothing behind: no memory, handle, timer, listener or connection',
  { timeout: 240_000 },
  async () => {
    const { measurements, violations } = await soak({
      kind: 'redis',
      keys: 50,
      processes: 3,
      ttlMs: 4000,
      churnMs: 6000,
      seed: 1,
      say: () => {},
    });
    process.stdout.write(`${table(measurements.map(row))}\n`);
    expect(violations).toEqual([]);
    const end = measurements.at(-1);
    // Otherwise nothing was tried.
    expect(end?.resigned).toBeGreaterThan(10);
    expect(end?.restarts).toBeGreaterThan(2);
    expect(end?.renewalsPerSecond).toBeGreaterThan(0);
  },
);

describe('what has grown', () => {
  const middle: Measurement = {
    when: 'middle',
    heap: 100,
    rss: 200,
    handles: { TCPSocketWrap: 10, PipeWrap: 5 },
    timers: 7,
    listeners: 20,
    connections: 10,
    sessions: 5,
    renewalsPerSecond: 1,
    requestsPerSecond: 1,
    resigned: 100,
    restarts: 3,
    lost: 0,
  };

  test('is told, by what it was and what it is', () => {
    const worse = (change: Partial<Measurement>): readonly string[] =>
      growths(middle, { ...middle, when: 'end', ...change }, { sockets: 0, timers: 8, renewals: 0 });
    expect(worse({})).toEqual([]);
    expect(worse({ heap: 121 })).toEqual(['heap: 100 in the middle, 121 in the end']);
    expect(worse({ handles: { ...middle.handles, TCPSocketWrap: 11 } })).toEqual([
      'handles (TCPSocketWrap): 10 in the middle, 11 in the end',
    ]);
    expect(worse({ handles: { ...middle.handles, UDPWrap: 1 } })).toEqual([
      'handles (UDPWrap): 0 in the middle, 1 in the end',
    ]);
    expect(worse({ timers: 9 })).toHaveLength(1);
    expect(worse({ listeners: 21 })).toHaveLength(1);
    expect(worse({ connections: 11 })).toHaveLength(1);
    expect(worse({ sessions: 6 })).toHaveLength(1);
    expect(worse({ renewalsPerSecond: 1.3 })).toHaveLength(1);
  });

  test('is not what is within the slack, or has become less', () => {
    const better = { heap: 119, handles: { PipeWrap: 5 }, timers: 1, connections: 9, renewalsPerSecond: 1.1 };
    expect(
      growths(middle, { ...middle, when: 'end', ...better }, { sockets: 0, timers: 0, renewals: 0 }),
    ).toEqual([]);
    const busier = { ...middle, handles: { ...middle.handles, TCPSocketWrap: 12 }, connections: 12 };
    expect(growths(middle, busier, { sockets: 12, timers: 0, renewals: 0 })).toEqual([]);
    expect(growths(middle, busier, { sockets: 11, timers: 0, renewals: 0 })).toHaveLength(2);
  });
});

test('what a soak is told and makes no sense is refused, and quoted', () => {
  expect(settingsFrom(['--minutes', '5', '--store', 'redis', '--store', 'etcd', '--seed', '7'])).toEqual({
    minutes: 5,
    kinds: ['redis', 'etcd'],
    keys: 2000,
    processes: 5,
    ttlMs: 15_000,
    seed: 7,
  });
  expect(() => settingsFrom(['--minutes', 'long'])).toThrow('--minutes long: give a number, at least 0.1');
  expect(() => settingsFrom(['--keys', '1.5'])).toThrow('--keys 1.5: give a whole number');
  expect(() => settingsFrom(['--processes', '1'])).toThrow('--processes 1: give a whole number, at least 2');
  expect(() => settingsFrom(['--store', 'oracle'])).toThrow('--store oracle: there is no such store');
});
