import { InvalidArgumentError } from '@tenure/core/store';
import { readHistory, timeline, writeHistory } from '@tenure/conformance/history';
import type { HistoryEvent } from '@tenure/conformance/history';
import { describe, expect, it } from 'vitest';
import { gave, get, insert, judged, lost, ok, op, put, refused, sees, termOf, won } from './history-scene.ts';

describe('resources that look at no token', () => {
  const anomalies = (events: readonly HistoryEvent[]): number => {
    const verdict = judged(events);
    expect(verdict.violations).toEqual([]);
    return verdict.unfencedAnomalies;
  };
  const by = (token: number, [from, to]: readonly [number, number], value: number) =>
    op([from, to], token, put(value), ok, 'unfenced counter');

  it('lose increments, which is counted', () => {
    const increments = [by(1, [0, 1], 1), by(2, [2, 3], 2), by(1, [4, 5], 2)];
    expect(anomalies([...increments, op([6, 7], 2, get, gave(2), 'unfenced counter')])).toBe(1);
    expect(anomalies(increments)).toBe(1);
    expect(anomalies([...increments.slice(0, 2), op([6, 7], 2, get, gave(2), 'unfenced counter')])).toBe(0);
  });

  it('may have an increment without an answer, or not, but not twice', () => {
    const increments = [by(1, [0, 1], 1), op([2, 3], 1, put(2), undefined, 'unfenced counter')];
    const last = (value: number) => op([6, 7], 2, get, gave(value), 'unfenced counter');
    expect([1, 2, 3].map((value) => anomalies([...increments, last(value)]))).toEqual([0, 0, 1]);
  });

  it('are no counter when other numbers are written', () => {
    expect(anomalies([by(1, [0, 1], 700), op([6, 7], 2, get, gave(700), 'unfenced counter')])).toBe(0);
  });

  it('lose elements, or have them twice', () => {
    const adds = ['x', 'y'].map((element, at) => op([at, at + 0.5], 1, insert(element), ok, 'unfenced set'));
    const last = (elements: readonly string[]) => op([6, 7], 1, get, gave(elements), 'unfenced set');
    expect(anomalies([...adds, last(['x', 'y'])])).toBe(0);
    expect(anomalies([...adds, last(['y'])])).toBe(1);
    expect(anomalies([...adds, last(['x', 'y', 'x', 'x'])])).toBe(2);
    expect(anomalies([...adds, op([6, 7], 1, insert('z'), refused, 'unfenced set'), last(['x', 'y'])])).toBe(
      0,
    );
  });
});

describe('a verdict', () => {
  it('tells every scandal', () => {
    const { violations } = judged([{ what: 'scandal', at: 5, message: 'unhandled rejection' }]);
    expect(violations.map(({ rule, text }) => [rule, text])).toEqual([
      ['scandal', 'at 5 ms: unhandled rejection'],
    ]);
  });

  it('counts faults by name', () => {
    const events = (['partition', 'partition', 'flushed'] as const).map(
      (fault, at) => ({ what: 'fault', at, fault }) as const,
    );
    const healed = { what: 'healed', at: 5, fault: 'partition' } as const;
    expect(judged([...events, healed]).faults).toEqual({ partition: 2, flushed: 1 });
  });

  it('does not depend on the order in which events of different moments are given', () => {
    const events = [
      won(0, 'a', 1),
      lost(101, 'a', 1),
      won(100, 'b', 2),
      lost(200, 'b', 2),
      sees(300, 'o', 1),
    ];
    expect(judged(events.toReversed())).toEqual(judged(events));
  });

  it('is refused for what can not be judged', () => {
    const refusal = (events: readonly object[], changed: object = {}) => {
      try {
        judged(events as HistoryEvent[], changed);
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidArgumentError);
        return (error as Error).message;
      }
      return 'judged';
    };
    expect(refusal([], { slackMs: -1 })).toBe('slackMs must be at least 0 milliseconds, got -1');
    expect(refusal([], { toldWithinMs: undefined })).toContain('toldWithinMs must be at least 0');
    expect(refusal([], { endAt: Infinity })).toBe('endAt must be a number of milliseconds, got Infinity');
    expect(refusal([], { disjunct: true })).toContain('checkHistory has no option "disjunct"');
    expect(refusal([{ what: 'won', at: 0 }])).toContain('got "won"');
    expect(refusal([{ ...won(0, 'a', 1), token: '1' }])).toBe(
      'token must be a bigint, got string in "acquired"',
    );
    expect(refusal([{ ...won(0, 'a', 1), at: undefined }])).toContain('got undefined in "acquired"');
    expect(refusal([{ ...op([0, 1], 1, get), returnedAt: null }])).toContain('got null in "operation"');
    expect(refusal([{ what: 'away', at: 5, candidates: ['a'] }])).toContain('got undefined in "away"');
  });
});

describe('a timeline', () => {
  const events: readonly HistoryEvent[] = [
    won(0, 'a', 1),
    won(40, 'c', 7, 'other'),
    { what: 'fault', at: 50, fault: 'partition a | b' },
    { what: 'away', since: 60, at: 500.25, candidates: ['a'] },
    won(200, 'b', 2),
    op([210, 215], 2, put(3), ok, 'fenced 1'),
    { what: 'saved', ...termOf('b', 2), calledAt: 220, returnedAt: 230, outcome: 'ok' },
    sees(240, 'o', 2),
    { what: 'healed', at: 250, fault: 'partition a | b' },
    op([501, 502], 1, put(4), undefined, 'fenced 1'),
    lost(503, 'a', 1),
    { what: 'died', at: 600, candidates: ['b'] },
    { what: 'scandal', at: 700, message: 'a port was left open' },
  ];

  it('has a column for each candidate and observer, and marks faults', () => {
    expect(`\n${timeline(events, { key: 'job' })}\n`).toBe(`
true ms  a                                    b                                        o       faults
    0.0  acquired 1
   50.0                                                                                        ! partition a | b
   60.0  away …
  200.0                                       acquired 2
  210.0                                       fenced 1: write 3 with 2: ok after 5 ms
  220.0                                       save 2: ok after 10 ms
  240.0                                                                                sees 2
  250.0                                                                                        ✓ partition a | b
  500.3  … back after 440.3 ms
  501.0  fenced 1: write 4 with 1: no answer
  503.0  lost 1 expired
  600.0                                       † died
  700.0                                                                                        SCANDAL a port was left open
`);
  });

  it('shows what surrounds a moment', () => {
    const lines = timeline(events, { around: { at: 40, ms: 10 } }).split('\n');
    expect(lines.map((line) => line.trim().split(/\s+/, 2)[0])).toEqual(['true', '40.0', '50.0']);
  });

  it('refuses what it does not know', () => {
    const wrong = { form: 1 } as object;
    expect(() => timeline(events, wrong)).toThrow('timeline has no option "form"');
    expect(() => timeline(events, { around: { at: NaN, ms: 1 } })).toThrow('got at NaN and ms 1');
  });

  it('of nothing is empty but for its head', () => {
    expect(timeline([])).toBe('true ms  faults');
  });
});

describe('a history in a file', () => {
  const events: readonly HistoryEvent[] = [
    won(0.25, 'a', 1),
    op([1, 2], 1, put(3)),
    op([1, 2], 1, get, gave(['x'])),
    sees(3, 'o', undefined),
    sees(4, 'o', 1),
    { what: 'fault', at: 50, fault: 'flushed', excusesMs: Infinity },
    { what: 'away', since: 60, at: 500.25, candidates: ['a'] },
  ];

  it('is the same again, tokens and missing answers, too', () => {
    const text = writeHistory(events);
    expect(text.split('\n')).toHaveLength(events.length + 1);
    expect(readHistory(text)).toEqual(events);
    expect(judged(readHistory(text))).toEqual(judged(events));
  });

  it('is refused by the line that is none', () => {
    const [first = ''] = writeHistory(events).split('\n');
    expect(() => readHistory(`${first}\n{"what":\n`)).toThrow(
      'line 2 of the history is not JSON: "{\\"what\\":"',
    );
    expect(() => readHistory(`${first}\n\n{"what":"won","at":1}`)).toThrow('got "won"');
    expect(() => readHistory(first.replace('"1"', '"one"'))).toThrow(
      'token must be a whole number, got "one"',
    );
    expect(() => readHistory('7')).toThrow('line 1 of the history is no event: 7');
  });
});
