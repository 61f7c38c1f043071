import { describe, expect, test } from 'vitest';
import { serverOrSkip } from '../servers/availability.ts';
import { suspended } from './freeze.ts';
import { summary } from './outcome.ts';

describe.each(['etcd', 'consul'] as const)('%s', async (kind) => {
  const server = await serverOrSkip(kind, { own: true });

  test.skipIf(!server)(
    'the first read of a process that was suspended says that the term is over (T70)',
    { timeout: 120_000 },
    async () => {
      const outcome = await suspended(kind, 3);
      process.stdout.write(`${summary([outcome])}\n`);
      expect(outcome.violations).toEqual([]);
      expect(Math.min(...outcome.marginsMs)).toBeGreaterThan(0);
    },
  );
});
