import { simulate } from '@tenure/conformance/simulation';
import { expect, it } from 'vitest';
import { find } from './broken.ts';
import { Copy } from '../mutants/copy.ts';
import { rules } from './rules.ts';
import { Sum, digestOf } from './digest.ts';

it('keeps every promise in a hundred more random histories', { timeout: 240_000 }, async () => {
  const sum = new Sum();
  for (let seed = 1001; seed <= 1100; seed++) sum.add(digestOf(await simulate(seed)));
  expect(sum.failed).toEqual([]);
  expect(sum.terms).toBeGreaterThan(500);
  // Without fencing something would have gone wrong, or the fence was not tried.
  expect(sum.refused).toBeGreaterThan(0);
});

it('finds out a release by key, and tokens that do not rise', { timeout: 240_000 }, async () => {
  await using copy = await Copy.make();
  for (const [what, by] of [
    ['a release is by key', 'terms-disjoint'],
    ['tokens do not always rise', 'tokens-rise'],
  ] as const) {
    const rule = rules.find((mutation) => mutation.what === what);
    if (!rule) throw new Error(`no rule is called "${what}"`);
    const found = await copy.broken(rule, () => find(copy.folder, { firstSeed: 1, histories: 100, jobs: 1 }));
    expect(`${what}: ${found?.violation}`).toContain(`: ${by}`);
  }
});
