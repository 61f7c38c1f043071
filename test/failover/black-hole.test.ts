import { describe, expect, test } from 'vitest';
import { blackHole } from './black-hole.ts';
import { summary } from './outcome.ts';
import { venueKinds, venueOrSkip } from '../servers/venue.ts';

describe.each(venueKinds)('%s', async (kind) => {
  const available = await venueOrSkip(kind);

  test.skipIf(!available)(
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
