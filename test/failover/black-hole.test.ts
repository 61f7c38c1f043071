import { describe, expect, test } from 'vitest';
import { serverOrSkip } from '../servers/availability.ts';
import { blackHole } from './black-hole.ts';
import { summary } from './outcome.ts';

describe.each(['etcd', 'consul'] as const)('%s', async (kind) => {
  const server = await serverOrSkip(kind, { own: true });

  test.skipIf(!server)(
    'leaders whose connections go dead know that they are not leaders any more before the next ones begin',
    { timeout: 120_000 },
    async () => {
      const outcome = await blackHole(kind, 3);
      process.stdout.write(`${summary([outcome])}\n`);
      expect(outcome.violations).toEqual([]);
      expect(Math.min(...outcome.marginsMs)).toBeGreaterThan(0);
    },
  );
});
