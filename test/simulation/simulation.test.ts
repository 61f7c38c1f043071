import { simulate } from '@tenure/conformance/simulation';
import { expect, it } from 'vitest';
import { find } from './broken.ts';
import { Copy } from '../mutants/copy.ts';
import { rules } from './rules.ts';
import { Sum, digestOf } from './digest.ts';

it('keeps every promise in two hundred more random histories', { timeout: 120_000 }, async () => {
  const sum = new Sum();
  for (let seed = 1001; seed <= 1200; seed++) sum.add(digestOf(await simulate(seed)));
  expect(sum.failed).toEqual([]);
  expect(sum.terms).toBeGreaterThan(1000);
  // Without fencing something would have gone wrong, or the fence was not tried.
  expect(sum.refused).toBeGreaterThan(0);
});

it(
  'finds out a deadline without drift and margin, a wake-up that is taken for a grant, and tokens that do not rise',
  { timeout: 180_000 },
  async () => {
    await using copy = await Copy.make();
    for (const [what, by] of [
      ['no drift and no margin', 'terms-disjoint'],
      ['a wake-up is taken for a grant', 'terms-disjoint'],
      ['tokens do not always rise', 'tokens-rise'],
    ] as const) {
      const rule = rules.find((mutation) => mutation.what === what)!;
      const found = await copy.broken(rule, () =>
        find(copy.folder, { firstSeed: 1, histories: 200, jobs: 2 }),
      );
      expect(`${what}: ${found?.violation}`).toContain(`: ${by}`);
    }
  },
);
