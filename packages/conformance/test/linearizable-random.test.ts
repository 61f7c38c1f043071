import fc from 'fast-check';
import type { Operation } from '@tenure/conformance/history';
import { fenced } from '../src/history/fenced.ts';
import { fencedOps, timed } from '../src/history/fenced-linearizable.ts';
import { linearize } from '../src/history/linearize.ts';
import { settled } from '../src/history/unanswered.ts';
import { describe, expect, it } from 'vitest';
import { gave, get, judged, ok, op, put } from './history-scene.ts';
import { played } from './history-register.ts';
import { isExplained } from './history-orders.ts';

/** In all fairness: a run is a list of numbers, so that fast-check can shrink it. */
const chances = fc.infiniteStream(fc.noBias(fc.nat(999_999))).map((stream) => () => {
  return (stream.next().value ?? 0) / 1e6;
});

const searched = (operations: readonly Operation[]) =>
  linearize(fencedOps(settled(timed(operations, 0))), fenced);

const isLinearizable = (operations: readonly Operation[]): boolean =>
  judged(operations).violations.length === 0;

describe('what clients of a real fenced register were told', () => {
  it('is linearizable, whatever got lost and however late it took effect', () => {
    fc.assert(
      fc.property(chances, fc.integer({ min: 1, max: 6 }), fc.boolean(), (chance, clients, isSet) => {
        const operations = played({ chance, clients, isSet, count: 40, lossy: 0.15, lateMs: 30 });
        expect(judged(operations).violations).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  it('is not, when one answer is made up and no other order explains it', () => {
    let rejected = 0;
    let accepted = 0;
    fc.assert(
      fc.property(chances, fc.integer({ min: 1, max: 3 }), fc.boolean(), (chance, clients, isSet) => {
        const operations = played({ chance, clients, isSet, count: 7, lossy: 0.15, lateMs: 10 });
        const falsified = falsify(operations, chance);
        const expected = isExplained(falsified);
        expect(isLinearizable(falsified)).toBe(expected);
        if (expected) accepted += 1;
        else rejected += 1;
      }),
      { numRuns: 600 },
    );
    expect(rejected).toBeGreaterThan(100);
    expect(accepted).toBeGreaterThan(20);
  });

  it('is judged right when answers are made up altogether', () => {
    let rejected = 0;
    let accepted = 0;
    fc.assert(
      fc.property(chances, fc.boolean(), (chance, isSet) => {
        let operations = played({ chance, clients: 3, isSet, count: 5, lossy: 0.4, lateMs: 20 });
        for (let times = 0; times < 2; times++) operations = falsify(operations, chance);
        const expected = isExplained(operations);
        expect(isLinearizable(operations)).toBe(expected);
        if (expected) accepted += 1;
        else rejected += 1;
      }),
      { numRuns: 600 },
    );
    expect(Math.min(rejected, accepted)).toBeGreaterThan(100);
  });

  it('is judged no different when nothing is settled before the search', () => {
    let rejected = 0;
    fc.assert(
      fc.property(chances, fc.boolean(), (chance, isSet) => {
        const whole = played({ chance, clients: 4, isSet, count: 14, lossy: 0.4, lateMs: 20 });
        const operations = falsify(whole, chance);
        const { found } = linearize(fencedOps(timed(operations, 0)), fenced);
        expect(searched(operations).found).toBe(found);
        if (!found) rejected += 1;
      }),
      { numRuns: 600 },
    );
    expect(rejected).toBeGreaterThan(100);
  });
});

describe('5,000 operations of 10 clients', () => {
  const chanceOf = (seed: number) => () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  };
  it.each([false, true])('take hardly more steps than there are operations (a set: %s)', (isSet) => {
    const operations = played({
      chance: chanceOf(7),
      clients: 10,
      isSet,
      count: 5000,
      lossy: 0.02,
      lateMs: 50,
    });
    expect(operations).toHaveLength(5000);
    const { found, steps } = searched(operations);
    expect(found).toBe(true);
    expect(steps).toBeLessThan(3 * 5000);
  });

  it.each([false, true])('are soon known to be wrong when one answer is (a set: %s)', (isSet) => {
    const operations = played({
      chance: chanceOf(8),
      clients: 10,
      isSet,
      count: 5000,
      lossy: 0.02,
      lateMs: 50,
    });
    const index = operations.findIndex(
      ({ call, outcome, calledAt }) => calledAt > 10_000 && call.kind === 'read' && outcome === 'ok',
    );
    const wrong = operations.with(index, { ...operations[index]!, value: isSet ? [] : 1 });
    const { found, steps } = searched(wrong);
    expect(found).toBe(false);
    expect(steps).toBeLessThan(20 * 5000);
    const [violation] = judged(wrong).violations;
    expect(violation?.events).toContainEqual(wrong[index]);
  });
});

describe('when much is going on at once, the search', () => {
  const wrong = op([20, 21], 1, get, gave(999));

  it('does what changes nothing at once, in any order', () => {
    const reads = Array.from({ length: 14 }, (_, index) => op([index / 100, 10], 1, get, gave(0)));
    const { found, steps } = searched([op([0, 11], 1, put(1), ok), ...reads, wrong]);
    expect(found).toBe(false);
    expect(steps).toBeLessThan(500);
  });

  it('comes to the same place once, on whatever way', () => {
    const writes = Array.from({ length: 8 }, (_, index) => op([index / 100, 10], 1, put(index + 1), ok));
    const { found, steps } = searched([...writes, wrong]);
    expect(found).toBe(false);
    expect(steps).toBeLessThan(8 * 8 * 2 ** 8);
  });

  it('takes effects that never came for the same as those that can come no more', () => {
    const never = Array.from({ length: 8 }, (_, index) => op([index / 100, 0], 1, put(index + 1)));
    const next = Array.from({ length: 40 }, (_, index) =>
      op([20 + index, 20.5 + index], 2, put(100 + index), ok),
    );
    const { found, steps } = linearize(
      fencedOps(timed([...never, ...next, op([90, 91], 2, get, gave(999))], 0)),
      fenced,
    );
    expect(found).toBe(false);
    expect(steps).toBeLessThan(10_000);
  });

  it('gives up when it is told to, which is no yes', () => {
    const writes = Array.from({ length: 8 }, (_, index) => op([index / 100, 10], 1, put(index + 1), ok));
    const given = linearize(fencedOps(timed([...writes, wrong], 0)), fenced, 100);
    expect(given).toEqual({ found: undefined, steps: 101 });
  });
});

/** One answer that is not what was answered. */
function falsify(operations: readonly Operation[], chance: () => number): Operation[] {
  const answered = operations.filter(({ outcome }) => outcome !== 'unknown');
  const victim = answered[Math.floor(chance() * answered.length)];
  if (!victim) return [...operations];
  const others = operations.flatMap(({ call, value }) =>
    call.kind === 'write'
      ? [call.value]
      : call.kind === 'add'
        ? [[call.element]]
        : value === undefined
          ? []
          : [value],
  );
  const other = others[Math.floor(chance() * others.length)];
  const wrong: Operation =
    victim.call.kind === 'read' && victim.outcome === 'ok' && chance() < 0.7 && other !== undefined
      ? { ...victim, value: other }
      : { ...victim, outcome: victim.outcome === 'ok' ? 'refused' : 'ok' };
  return operations.map((operation) => (operation === victim ? wrong : operation));
}
