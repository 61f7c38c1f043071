import { describe, expect, it } from 'vitest';
import { broken, lost, promises, read, termOf, won } from './history-scene.ts';

describe('an end', () => {
  it('is owed by every term but those whose process was killed', () => {
    expect(broken([won(0, 'a', 1)])).toEqual(['one-end']);
    expect(broken([won(0, 'a', 1), { what: 'died', at: 5, candidates: ['b', 'a'] }])).toEqual([]);
  });

  it('comes once, after the beginning and before the end of the observation', () => {
    const died = { what: 'died', at: 9, candidates: ['a'] } as const;
    expect(broken([won(10, 'a', 1), died], { slackMs: 1 })).toEqual([]);
    expect(broken([won(0, 'a', 1), lost(10, 'a', 1), lost(11, 'a', 1)])).toEqual(['one-end']);
    expect(broken([lost(10, 'a', 1)])).toEqual(['one-end']);
    expect(broken([lost(10, 'a', 1), won(20, 'a', 1)])).toEqual(['one-end']);
    expect(broken([won(0, 'a', 1), lost(promises.endAt + 1, 'a', 1)])).toEqual(['one-end']);
  });
});

describe('a loss', () => {
  const events = (toldAt: number, awayTo: number) => [
    won(0, 'a', 1),
    { what: 'away', since: 50, at: awayTo, candidates: ['a'] } as const,
    won(200, 'b', 2),
    lost(toldAt, 'a', 1),
    lost(5000, 'b', 2),
  ];

  it('is told soon after its process goes on', () => {
    expect(broken(events(600, 500))).toEqual([]);
    expect(broken(events(600.5, 500))).toEqual(['told-in-time']);
    const later = { what: 'away', since: 1000, at: 2000, candidates: ['a'] } as const;
    expect(broken([...events(600.5, 500), later])).toEqual(['told-in-time']);
  });

  it('may wait for a process that stops again before it could tell', () => {
    const again = { what: 'away', since: 550, at: 900, candidates: ['a'] } as const;
    expect(broken([...events(1000, 500), again])).toEqual([]);
    expect(broken([...events(1001, 500), again])).toEqual(['told-in-time']);
  });

  it('is not due while its own clock may say that the term goes on', () => {
    const wild = [won(0, 'a', 1), won(100, 'b', 2), lost(4000, 'a', 1), lost(5000, 'b', 2)];
    expect(broken(wild, { disjoint: false })).toEqual([]);
    const believed = [
      won(0, 'a', 1),
      won(100, 'b', 2),
      read(400, 'a', 1),
      lost(500, 'a', 1),
      lost(5000, 'b', 2),
    ];
    expect(broken(believed)).toEqual(['terms-disjoint']);
  });

  it('may come later where the store broke its word, and must come when that is over', () => {
    const flushed = { what: 'fault', at: 100, fault: 'flushed', excusesMs: 400 } as const;
    const before = { what: 'away', since: 10, at: 20, candidates: ['a'] } as const;
    const slow = [won(0, 'a', 1), before, flushed, won(110, 'b', 2), lost(500, 'a', 1), lost(5000, 'b', 2)];
    expect(broken(slow)).toEqual([]);
  });

  it('may come later, too, for who did not run when the next one began', () => {
    const flushed = { what: 'fault', at: 100, fault: 'flushed', excusesMs: 900 } as const;
    expect(broken([flushed, ...events(1100, 500)])).toEqual([]);
    expect(broken([flushed, ...events(1101, 500)])).toEqual(['told-in-time']);
    expect(broken(events(1100, 500))).toEqual(['told-in-time']);
    expect(broken(events(4000, 500), { disjoint: false })).toEqual([]);
  });
});

describe('a save', () => {
  const terms = [won(0, 'a', 1), lost(100, 'a', 1), won(150, 'b', 2), lost(300, 'b', 2)];
  const saved = (calledAt: number, outcome: 'ok' | 'refused' | 'unknown', key?: string) =>
    ({ what: 'saved', calledAt, returnedAt: calledAt + 50, outcome, ...termOf('a', 1, key) }) as const;

  it('that succeeds was called before a later term began', () => {
    expect(broken([...terms, saved(149, 'ok')])).toEqual([]);
    expect(broken([...terms, saved(151, 'ok')])).toEqual(['stale-save']);
    expect(broken([...terms, saved(151, 'ok')], { slackMs: 1 })).toEqual([]);
  });

  it('is compared with the greatest token so far, not with the last', () => {
    const fallen = [won(0, 'c', 3), lost(10, 'c', 3), won(20, 'b', 2), lost(30, 'b', 2)];
    const late = { ...saved(25, 'ok'), ...termOf('b', 2) };
    expect(broken([...fallen, late])).toEqual(['tokens-rise', 'stale-save']);
  });

  it('may be tried, or be of another key', () => {
    expect(broken([...terms, saved(151, 'refused'), saved(152, 'unknown')])).toEqual([]);
    expect(broken([...terms, saved(151, 'ok', 'other')])).toEqual([]);
  });
});
