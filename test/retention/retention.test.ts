import { describe, expect, test } from 'vitest';
import { venueOrSkip } from '../servers/venue.ts';
import { retention, retentionKinds } from './retention.ts';

describe.each(retentionKinds)('%s', async (kind) => {
  const available = await venueOrSkip(kind);

  test.skipIf(!available)(
    'distinct locks leave nothing behind after the retention, and a key used again gets a higher token',
    { timeout: 180_000 },
    async () => {
      const remains = await retention(kind, 1000);
      expect(remains).toMatchObject({ leftBehind: 0, tokenRises: true });
    },
  );
});
