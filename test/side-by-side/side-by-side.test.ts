import { describe, expect, test } from 'vitest';
import { venueOrSkip } from '../servers/venue.ts';
import { contenderOf } from './contenders.ts';
import { contest } from './contest.ts';
import { scenarios } from './scenarios.ts';
import { isSpotless, standings } from './standings.ts';

describe('behind a black hole, on Redis', async () => {
  const available = await venueOrSkip('redis');

  test.skipIf(!available)(
    'a holder with Tenure is none before the next one begins, and one with redis-semaphore still is',
    { timeout: 120_000 },
    async () => {
      const blackHole = scenarios.find(({ name }) => name === 'black hole')!;
      const [ours, peers] = await Promise.all(
        ['tenure, redis', 'redis-semaphore'].map((name) =>
          // Who looks at the clock needs no calm machine for this, and who does not has no use for one.
          contest(contenderOf(name), blackHole, 1, Number.POSITIVE_INFINITY),
        ),
      );
      process.stdout.write(`${standings([ours!, peers!])}\n`);
      expect(ours!.findings).toMatchObject([{ overlapMs: 0, isWakeUpLost: false, crashes: [] }]);
      expect(ours!.leaked).toEqual([]);
      // What shows that this can fail.
      expect(peers!.findings[0]!.overlapMs).toBeGreaterThan(0);
      expect(peers!.findings[0]!.isLate).toBe(true);
      expect(isSpotless([peers!])).toBe(false);
    },
  );
});
