import { describe, expect, test } from 'vitest';
import { blockedLoop } from './freeze.ts';
import { summary } from './outcome.ts';
import { venueKinds, venueOrSkip } from '../servers/venue.ts';

describe.each(venueKinds)('%s', async (kind) => {
  const available = await venueOrSkip(kind);

  test.skipIf(!available)(
    'the first read after the event loop was blocked says that the term is over',
    { timeout: 120_000 },
    async () => {
      const outcome = await blockedLoop(kind, 3);
      process.stdout.write(`${summary([outcome])}\n`);
      expect(outcome.violations).toEqual([]);
      expect(Math.min(...outcome.marginsMs)).toBeGreaterThan(0);
    },
  );
});
