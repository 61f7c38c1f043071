import { describe, expect, test } from 'vitest';
import { serverOrSkip } from '../servers/availability.ts';
import { memberLoss } from './member-loss.ts';
import { summary } from './outcome.ts';

describe.each(['etcd', 'consul'] as const)('%s', async (kind) => {
  const server = await serverOrSkip(kind, { own: true });

  test.skipIf(!server)(
    'when the leading server is killed, terms survive or are won anew, and never overlap',
    { timeout: 120_000 },
    async () => {
      const outcome = await memberLoss(kind, 1);
      process.stdout.write(`${summary([outcome])}\n`);
      expect(outcome.violations).toEqual([]);
    },
  );
});
