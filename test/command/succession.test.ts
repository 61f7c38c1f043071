import { describe, expect, it } from 'vitest';
import { venueOrSkip } from '../servers/venue.ts';
import type { VenueKind } from '../servers/venue.ts';
import { misfortunes, succession } from './succession.ts';

/** `pnpm chaos command` does the same twenty times each. */
const COUNT = 2;

describe('a command that ignores SIGTERM is dead before the next one starts', () => {
  it.for(misfortunes)('when its tenure meets with %s', async (misfortune, { skip }) => {
    const kinds: VenueKind[] = [];
    for (const kind of ['etcd', 'consul', 'redis'] as const) if (await venueOrSkip(kind)) kinds.push(kind);
    if (kinds.length === 0) return skip();
    const successions = await Promise.all(kinds.map((kind) => succession(kind, misfortune, COUNT)));
    for (const { kind, handovers, marginsMs, violations } of successions) {
      expect([kind, ...violations]).toEqual([kind]);
      expect(handovers).toBe(COUNT);
      expect(Math.min(...marginsMs)).toBeGreaterThan(0);
    }
  });
});
