import { describe, expect, test } from 'vitest';
import type { Outcome } from './outcome.ts';
import { summary } from './outcome.ts';
import { flushed, restarted } from './restart.ts';
import { venueKinds, venueOrSkip } from '../servers/venue.ts';

function judge(outcome: Outcome): void {
  process.stdout.write(`${summary([outcome])}\n`);
  expect(outcome.violations).toEqual([]);
  expect(outcome.handovers.length).toBeGreaterThan(0);
}

describe.each(venueKinds.filter((kind) => kind !== 'sqlite'))('%s', async (kind) => {
  const available = await venueOrSkip(kind);

  test.skipIf(!available)(
    'a leader and five who wait recover by themselves when the server is killed and comes back, and tokens rise',
    { timeout: 120_000 },
    async () => judge(await restarted(kind, 1)),
  );
});

const redis = await venueOrSkip('redis');

test.skipIf(!redis)(
  'a leader and five who wait recover when Redis forgets everything, and tokens rise all the same',
  { timeout: 120_000 },
  async () => judge(await flushed(2)),
);
