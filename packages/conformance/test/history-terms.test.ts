import type { HistoryEvent } from '@tenure/conformance/history';
import { describe, expect, it } from 'vitest';
import { broken, judged, lost, read, won } from './history-scene.ts';

describe('terms in true time', () => {
  it('follow each other', () => {
    const events = [won(0, 'a', 1), read(90, 'a', 1), lost(100, 'a', 1), won(100, 'b', 2), lost(200, 'b', 2)];
    expect(judged(events)).toEqual({
      violations: [],
      terms: 2,
      faults: {},
      excusedOverlaps: 0,
      longestExcusedMs: 0,
      longestWithoutLeaderMs: 0,
      unfencedAnomalies: 0,
    });
  });

  it('must not begin before the former is over, and the evidence is both', () => {
    const events = [won(0, 'a', 1), lost(101, 'a', 1), won(100, 'b', 2), lost(200, 'b', 2)];
    const [violation] = judged(events).violations;
    expect(violation?.rule).toBe('terms-disjoint');
    expect(violation?.text).toContain('held 1 ms longer');
    expect(violation?.events).toEqual([events[0], events[1], events[2], events[3]]);
    expect(broken(events, { slackMs: 1 })).toEqual([]);
  });

  it('are of one key: two keys have two leaders', () => {
    const events = [won(0, 'a', 1), won(50, 'b', 2, 'other'), lost(100, 'a', 1)];
    const end = { ...lost(100, 'b', 2), key: 'other' };
    expect(broken([...events, end])).toEqual([]);
  });

  it('overlap when a read says "current" after the next has begun, though the end was told before', () => {
    const events = [
      won(0, 'a', 1),
      lost(100, 'a', 1),
      read(150, 'a', 1),
      won(120, 'b', 2),
      lost(200, 'b', 2),
    ];
    expect(broken(events)).toEqual(['terms-disjoint', 'one-end']);
  });

  it('overlap with any later one, not only with the next', () => {
    const events = [won(0, 'a', 1), lost(99, 'b', 2), won(50, 'b', 2), won(100, 'c', 3), lost(150, 'c', 3)];
    expect(broken([...events, lost(160, 'a', 1)])).toEqual([
      'terms-disjoint',
      'terms-disjoint',
      'told-in-time',
    ]);
  });

  it('are held until the end when nothing ended them', () => {
    expect(broken([won(0, 'a', 1), won(9000, 'b', 2), lost(9500, 'b', 2)])).toEqual([
      'terms-disjoint',
      'one-end',
      'told-in-time',
    ]);
  });

  it('end with their process', () => {
    const died = { what: 'died', at: 100, candidates: ['a'] } as const;
    expect(broken([won(0, 'a', 1), died, won(101, 'b', 2), lost(200, 'b', 2)])).toEqual([]);
    expect(broken([won(0, 'a', 1), died, won(99, 'b', 2), lost(200, 'b', 2)])).toEqual(['terms-disjoint']);
    const [violation] = judged([won(0, 'a', 1), died, won(99, 'b', 2), lost(200, 'b', 2)]).violations;
    expect(violation?.text).toContain('held 1 ms longer: its process died at 100 ms');
  });

  it('of a process that was restarted under its name are not ended by the death of the former', () => {
    const died = { what: 'died', at: 100, candidates: ['a'] } as const;
    const again = [
      won(0, 'a', 1),
      died,
      won(300, 'a', 2),
      won(400, 'b', 3),
      lost(450, 'a', 2),
      lost(500, 'b', 3),
    ];
    expect(broken(again)).toEqual(['terms-disjoint']);
  });
});

describe('a process that was away when its successor began', () => {
  const away = { what: 'away', since: 50, at: 500, candidates: ['a'] } as const;
  const events = [
    won(0, 'a', 1),
    read(49, 'a', 1),
    away,
    won(200, 'b', 2),
    lost(501, 'a', 1),
    lost(600, 'b', 2),
  ];

  it('has broken nothing when it notices at its first look', () => {
    expect(broken(events)).toEqual([]);
  });

  it('has, when a read after that said "current"', () => {
    expect(broken([...events, read(500.5, 'a', 1)])).toEqual(['terms-disjoint']);
  });

  it('has, when it was another process that was away', () => {
    const others = events.map((event) => (event === away ? { ...away, candidates: ['c'] } : event));
    expect(broken(others)).toEqual(['terms-disjoint', 'told-in-time']);
  });

  it('has, when it was back by then', () => {
    expect(broken(events.map((event) => (event === away ? { ...away, at: 199 } : event)))).toEqual([
      'terms-disjoint',
      'told-in-time',
    ]);
  });

  it('was held until then when it went away later than that', () => {
    const later = { ...away, since: 250 };
    const [violation] = judged(events.map((event) => (event === away ? later : event))).violations;
    expect(violation?.text).toContain('held 50 ms longer');
  });
});

describe('an overlap', () => {
  const events = [won(0, 'a', 1), lost(150, 'a', 1), won(100, 'b', 2), lost(300, 'b', 2)];
  const flushed = { what: 'fault', at: 90, fault: 'flushed', excusesMs: 60 } as const;

  it('is excused, and counted, while the store breaks its word', () => {
    const verdict = judged([flushed, ...events]);
    expect(verdict).toMatchObject({ violations: [], excusedOverlaps: 1, longestExcusedMs: 50 });
    expect(verdict.faults).toEqual({ flushed: 1 });
  });

  it('is excused as a whole or not at all', () => {
    expect(broken([{ ...flushed, excusesMs: 59 }, ...events])).toEqual(['terms-disjoint']);
    const again = { ...flushed, at: 149, excusesMs: 1 };
    expect(broken([{ ...flushed, excusesMs: 59 }, again, ...events])).toEqual([]);
  });

  it('is not excused by what happened to other keys, before or without breaking the word', () => {
    expect(broken([{ ...flushed, keys: ['other'] }, ...events])).toEqual(['terms-disjoint']);
    expect(broken([{ ...flushed, keys: ['job'] }, ...events])).toEqual([]);
    expect(broken([{ ...flushed, at: 101 }, ...events])).toEqual(['terms-disjoint']);
    expect(broken([{ what: 'fault', at: 90, fault: 'partition' }, ...events])).toEqual(['terms-disjoint']);
  });

  it('is excused when clocks ran wild', () => {
    expect(judged(events, { disjoint: false })).toMatchObject({ violations: [], excusedOverlaps: 1 });
  });

  it('lasts no longer than the shorter of the two', () => {
    const short = [won(0, 'a', 1), lost(5000, 'a', 1), won(100, 'b', 2), lost(130, 'b', 2)];
    expect(judged(short, { disjoint: false }).longestExcusedMs).toBe(30);
  });
});

describe('tokens', () => {
  it('rise in the order of the terms', () => {
    const events = [won(0, 'a', 2), lost(10, 'a', 2), won(20, 'b', 1), lost(30, 'b', 1)];
    expect(broken(events)).toEqual(['tokens-rise']);
  });

  it('fall only where terms may overlap, and an answer may have been on its way since', () => {
    const since = (ms: number): HistoryEvent[] => [
      won(1000, 'a', 2),
      lost(1001, 'a', 2),
      won(1000 + ms, 'b', 1),
      lost(1001 + ms, 'b', 1),
    ];
    const deleted = { what: 'fault', at: 900, fault: 'key deleted', excusesMs: 9000 } as const;
    const away = { what: 'away', since: 950, at: 3000, candidates: ['b'] } as const;
    const wild = { disjoint: false, toldWithinMs: 100 };
    expect(broken(since(100), { toldWithinMs: 100 })).toEqual(['tokens-rise']);
    expect(broken(since(100), wild)).toEqual([]);
    expect(broken(since(101), wild)).toEqual(['tokens-rise']);
    expect(broken([deleted, ...since(100)], { toldWithinMs: 100 })).toEqual([]);
    expect(broken([deleted, ...since(101)], { toldWithinMs: 100 })).toEqual(['tokens-rise']);
    // An excuse for one of those that came before is none for another.
    const short = { what: 'fault', at: 990, fault: 'key deleted', excusesMs: 20 } as const;
    const between = [won(1050, 'c', 3), lost(1051, 'c', 3)];
    expect(broken([short, ...since(80)], { toldWithinMs: 100 })).toEqual([]);
    expect(broken([short, ...between, ...since(80)], { toldWithinMs: 100 })).toEqual(['tokens-rise']);
    expect(broken([away, ...since(2100)], wild)).toEqual([]);
    expect(broken([away, ...since(2101)], wild)).toEqual(['tokens-rise']);
  });

  it('have no order within the slack', () => {
    const events = [won(0, 'a', 2), lost(1, 'a', 2), won(2, 'b', 1), lost(3, 'b', 1)];
    expect(broken(events, { slackMs: 3 })).toEqual([]);
  });

  it('are compared with the greatest so far', () => {
    const events = [1, 5, 2, 3].flatMap((token, index) => [
      won(index * 10, 'a', token),
      lost(index * 10 + 5, 'a', token),
    ]);
    expect(broken(events)).toEqual(['tokens-rise', 'tokens-rise']);
  });

  it('are given once, also to the same candidate, also while the store breaks its word', () => {
    const flushed = { what: 'fault', at: 0, fault: 'flushed', excusesMs: 9000 } as const;
    const events = [flushed, won(0, 'a', 1), lost(10, 'a', 1), won(20, 'b', 1), lost(30, 'b', 1)];
    expect(broken(events)).toEqual(['tokens-rise']);
    expect(broken([won(0, 'a', 1), won(10, 'a', 1), lost(20, 'a', 1)])).toEqual(['tokens-rise']);
  });
});
