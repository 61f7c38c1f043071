import { describe, expect, it } from 'vitest';
import type { Operation } from '@tenure/conformance/history';
import { broken, get, gave, insert, judged, ok, op, put, refused } from './history-scene.ts';

const linearizable = (operations: readonly Operation[]): boolean => {
  const rules = broken(operations);
  expect(rules.every((rule) => rule === 'fenced-linearizable')).toBe(true);
  return rules.length === 0;
};

describe('a fenced register', () => {
  it('gives what was written last', () => {
    expect(linearizable([op([0, 1], 1, put(7), ok), op([2, 3], 1, get, gave(7))])).toBe(true);
    expect(linearizable([op([0, 1], 1, put(7), ok), op([2, 3], 1, get, gave(8))])).toBe(false);
  });

  it('gives 0 or nothing before the first write', () => {
    expect(linearizable([op([0, 1], 1, get, gave(0)), op([2, 3], 1, get, ok)])).toBe(true);
    expect(linearizable([op([0, 1], 1, put(7), ok), op([2, 3], 1, get, ok)])).toBe(false);
    expect(linearizable([op([0, 1], 1, put(7), ok), op([2, 3], 1, get, gave(0))])).toBe(false);
  });

  it('shows a stale read', () => {
    const writes = [op([0, 1], 1, put(1), ok), op([2, 3], 1, put(2), ok)];
    expect(linearizable([...writes, op([4, 5], 1, get, gave(1))])).toBe(false);
    expect(linearizable([...writes, op([2.5, 5], 1, get, gave(1))])).toBe(true);
  });

  it('shows a read that goes back', () => {
    const write = op([0, 10], 1, put(1), ok);
    expect(linearizable([write, op([1, 2], 1, get, gave(1)), op([3, 4], 1, get, gave(0))])).toBe(false);
    expect(linearizable([write, op([1, 2], 1, get, gave(0)), op([3, 4], 1, get, gave(1))])).toBe(true);
  });

  it('shows two reads that saw two writes in different orders', () => {
    const writes = [op([0, 10], 1, put(1), ok), op([0, 10], 1, put(2), ok)];
    const reads = (first: number, second: number) => [
      op([11, 12], 1, get, gave(first)),
      op([13, 14], 1, get, gave(second)),
    ];
    expect(linearizable([...writes, ...reads(1, 1)])).toBe(true);
    expect(linearizable([...writes, ...reads(2, 2)])).toBe(true);
    expect(linearizable([...writes, ...reads(1, 2)])).toBe(false);
  });

  it('accepts no late write of a leader of the past', () => {
    const next = op([0, 1], 2, put(2), ok);
    expect(linearizable([next, op([2, 3], 1, put(1), ok)])).toBe(false);
    expect(linearizable([next, op([2, 3], 1, put(1), refused)])).toBe(true);
    expect(linearizable([next, op([0.5, 3], 1, put(1), ok)])).toBe(true);
    expect(linearizable([next, op([0.5, 3], 1, put(1), ok), op([4, 5], 2, get, gave(1))])).toBe(false);
  });

  it('accepts no late read of a leader of the past either, which learns from it that it is one', () => {
    expect(linearizable([op([0, 1], 2, get, gave(0)), op([2, 3], 1, put(1), ok)])).toBe(false);
    expect(linearizable([op([0, 1], 2, put(2), ok), op([2, 3], 1, get, gave(2))])).toBe(false);
  });

  it('refuses only what is smaller than what it has seen', () => {
    expect(linearizable([op([0, 1], 1, put(1), refused)])).toBe(false);
    expect(linearizable([op([0, 1], 1, put(1), ok), op([2, 3], 1, put(2), refused)])).toBe(false);
    expect(linearizable([op([0, 1], 1, put(1), refused), op([2, 3], 2, put(2), ok)])).toBe(false);
    expect(linearizable([op([0, 3], 1, put(1), refused), op([2, 3], 2, put(2), ok)])).toBe(true);
  });

  it('looks at each resource alone', () => {
    const elsewhere = op([0, 1], 2, put(2), ok, 'fenced 2');
    expect(linearizable([elsewhere, op([2, 3], 1, put(1), ok)])).toBe(true);
    expect(broken([op([0, 1], 2, put(2), ok, 'other'), op([2, 3], 1, put(1), ok, 'other')])).toEqual([]);
  });

  it('is given the slack of the clock by which answers are stamped', () => {
    const operations = [op([0, 1], 1, put(1), ok), op([2, 3], 1, get, gave(0))];
    expect(broken(operations, { slackMs: 1 })).toEqual([]);
    expect(broken(operations, { slackMs: 0.9 })).toEqual(['fenced-linearizable']);
  });
});

describe('a write without an answer', () => {
  const unknown = op([0, 1], 1, put(7));

  it('may never take effect', () => {
    expect(linearizable([unknown, op([10, 11], 1, get, gave(0))])).toBe(true);
  });

  it('may take effect much later', () => {
    const late = [unknown, op([10, 11], 1, get, gave(0)), op([12, 13], 1, get, gave(7))];
    expect(linearizable(late)).toBe(true);
  });

  it('takes effect once', () => {
    const other = op([14, 15], 1, put(8), ok);
    const seen = [op([10, 11], 1, get, gave(7)), other];
    expect(linearizable([unknown, ...seen, op([16, 17], 1, get, gave(8))])).toBe(true);
    expect(linearizable([unknown, ...seen, op([16, 17], 1, get, gave(7))])).toBe(false);
  });

  it('can not have taken effect before it was called', () => {
    expect(linearizable([op([10, 11], 1, get, gave(7)), op([12, 13], 1, put(7))])).toBe(false);
  });

  it('can not take effect any more after a greater token', () => {
    const next = op([2, 3], 2, put(8), ok);
    expect(linearizable([unknown, next, op([4, 5], 2, get, gave(8))])).toBe(true);
    expect(linearizable([unknown, next, op([4, 5], 2, get, gave(7))])).toBe(false);
  });

  it('may be why a smaller token was refused, though nobody saw it', () => {
    const stale = op([10, 11], 1, put(1), refused);
    expect(linearizable([op([0, 1], 2, put(2)), stale])).toBe(true);
    expect(linearizable([op([12, 13], 2, put(2)), stale])).toBe(false);
    expect(linearizable([op([0, 1], 2, put(2)), stale, op([12, 13], 1, put(1), ok)])).toBe(false);
    expect(linearizable([op([0, 1], 2, get), stale])).toBe(true);
  });

  it('of 0 is not proven by a 0', () => {
    const zero = op([0, 1], 9, put(0));
    expect(linearizable([zero, op([0, 10], 1, get, gave(0)), op([11, 12], 1, put(1), ok)])).toBe(true);
    const later = [op([2, 3], 1, put(1), ok), op([4, 5], 1, get, gave(1)), op([6, 7], 9, get, gave(0))];
    expect(linearizable([zero, ...later])).toBe(true);
    expect(linearizable([zero, ...later, op([8, 9], 1, get, gave(0))])).toBe(false);
  });

  it('of a value that another one writes, too, may be either', () => {
    const twice = [op([0, 1], 1, put(7)), op([2, 3], 1, put(7)), op([4, 5], 1, get, gave(7))];
    const between = op([6, 7], 1, put(8), ok);
    expect(linearizable([...twice, between, op([8, 9], 1, get, gave(7))])).toBe(true);
    const again = op([10, 11], 1, put(9), ok);
    expect(linearizable([...twice, between, op([8, 9], 1, get, gave(7)), again])).toBe(true);
    expect(
      linearizable([...twice, between, op([8, 9], 1, get, gave(7)), again, op([12, 13], 1, get, gave(7))]),
    ).toBe(false);
  });
});

it('a state in which an effect is still to come is not one in which it came', () => {
  const writes = [op([0, 10], 1, put(1), ok), op([0.5, 10], 1, put(2), ok), op([0, 0], 1, put(1))];
  const seen = [op([11, 12], 1, get, gave(1)), op([13, 14], 1, put(3), ok), op([15, 16], 1, get, gave(1))];
  expect(linearizable([...writes, ...seen])).toBe(true);
  expect(linearizable([...writes, ...seen, op([17, 18], 1, put(4), ok), op([19, 20], 1, get, gave(1))])).toBe(
    false,
  );
});

describe('a fenced set', () => {
  it('holds what was added', () => {
    const adds = [op([0, 1], 1, insert('x'), ok), op([2, 3], 2, insert('y'), ok)];
    expect(linearizable([...adds, op([4, 5], 2, get, gave(['y', 'x']))])).toBe(true);
    expect(linearizable([...adds, op([4, 5], 2, get, gave(['x', 'y', 'z']))])).toBe(false);
  });

  it('loses nothing that was acknowledged, and the evidence names it', () => {
    const add = op([0, 1], 1, insert('x'), ok);
    const last = op([4, 5], 1, get, gave([]));
    const { violations } = judged([add, last]);
    expect(violations).toHaveLength(1);
    expect(violations[0]?.text).toContain(
      '1 acknowledged but not in the last read, called at 4 ms: add x by a',
    );
    expect(violations[0]?.events).toEqual([add, last]);
    expect(linearizable([add, op([0.5, 5], 1, get, gave([]))])).toBe(true);
  });

  it('does not lose it in between either', () => {
    const adds = [op([0, 1], 1, insert('x'), ok), op([2, 3], 1, get, gave([]))];
    expect(linearizable([...adds, op([4, 5], 1, get, gave(['x']))])).toBe(false);
  });

  it('has what was added without an answer from some moment on, if before the next leader', () => {
    const unknown = op([0, 1], 1, insert('x'));
    const none = op([2, 3], 1, get, gave([]));
    expect(linearizable([unknown, none, op([6, 7], 1, get, gave(['x']))])).toBe(true);
    expect(linearizable([unknown, none, op([6, 7], 2, get, gave(['x']))])).toBe(true);
    const next = op([4, 5], 2, get, gave([]));
    expect(linearizable([unknown, none, next, op([6, 7], 2, get, gave(['x']))])).toBe(false);
  });

  it('has an element once, though it was added or told twice', () => {
    const add = op([0, 1], 1, insert('x'), ok);
    expect(linearizable([add, op([4, 5], 1, get, gave(['x', 'x']))])).toBe(true);
    const twice = [
      op([0, 1], 1, insert('x'), ok),
      op([2, 3], 1, insert('x'), ok),
      op([2, 3], 1, insert('y'), ok),
    ];
    expect(linearizable([...twice, op([4, 5], 1, get, gave(['x', 'y']))])).toBe(true);
    expect(
      linearizable([...twice, op([2, 5], 1, get, gave(['y'])), op([6, 7], 1, get, gave(['x', 'y']))]),
    ).toBe(false);
  });

  it('does not have what it refused', () => {
    const stale = [op([0, 1], 2, insert('y'), ok), op([2, 3], 1, insert('x'), refused)];
    expect(linearizable([...stale, op([4, 5], 2, get, gave(['y']))])).toBe(true);
    expect(linearizable([...stale, op([4, 5], 2, get, gave(['x', 'y']))])).toBe(false);
  });
});

it('what cannot be explained comes with the operation, what is around it, and the state it met', () => {
  const before = Array.from({ length: 50 }, (_, index) =>
    op([index * 10, index * 10 + 5], 1, put(index + 1), ok),
  );
  const overlapping = op([500, 520], 2, put(99), ok);
  const stale = op([505, 510], 1, get, gave(12));
  const after = op([600, 610], 2, get, gave(99));
  const [violation] = judged([...before, overlapping, stale, after], { slackMs: 1 }).violations;
  expect(violation?.text).toContain('no order explains read = 12 by a with token 1 (505 ms to 510 ms): ok');
  expect(violation?.text).toContain('it had seen token 2 and the value 99');
  expect(violation?.events).toContainEqual(stale);
  expect(violation?.events).toContainEqual(overlapping);
  expect(violation?.events).not.toContainEqual(after);
  expect(violation?.events.length).toBeLessThan(8);
});
