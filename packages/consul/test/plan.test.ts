import { expect, test } from 'vitest';
import { covers, plan } from '../src/plan.ts';

const numbered = (count: number, folder = 'tenure/') =>
  Array.from({ length: count }, (_, index) => `${folder}job-${String(index).padStart(4, '0')}/.lock`);

test('few keys get a query each, which hears of nothing else', () => {
  const keys = numbered(8);
  expect(plan(keys, 8)).toEqual(keys.map((path) => ({ path, recurse: false })));
  expect(plan([], 8)).toEqual([]);
});

test('any number of keys is covered by no more queries than allowed, and half are kept for keys to come', () => {
  for (const count of [9, 100, 1200, 5000]) {
    const keys = [...numbered(count), ...numbered(3, 'other/')];
    const targets = plan(keys, 8);
    expect(targets.length).toBeGreaterThanOrEqual(2);
    expect(targets.length).toBeLessThanOrEqual(8);
    for (const key of keys) expect(targets.some((target) => covers(target, key))).toBe(true);
  }
});

test('namespaces that have nothing in common are not watched by one query', () => {
  const targets = plan([...numbered(50, 'a/'), ...numbered(50, 'b/')], 8);
  expect(targets.every(({ path }) => path.startsWith('a/') || path.startsWith('b/'))).toBe(true);
});

test('a common beginning is cut where Consul would not take it as a path', () => {
  const keys = ['x', 'y', 'z'].map((end) => `ns/.${end}/.lock`);
  expect(plan(keys, 1)).toEqual([{ path: 'ns/', recurse: true }]);
  const pairs = ['\u{1F600}', '\u{1F601}'].map((end) => `ns/${end}/.lock`);
  expect(plan(pairs, 1)).toEqual([{ path: 'ns/', recurse: true }]);
});
