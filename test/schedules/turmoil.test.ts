import { describe, expect, it } from 'vitest';
import { venueOrSkip } from '../servers/venue.ts';
import { turmoil } from './turmoil.ts';

/** `pnpm chaos scheduler` goes on for three minutes on each, with five replicas. */
const MS = 12_000;
const REPLICAS = 3;

describe.concurrent('schedules whose leader is killed or resigns every few seconds', () => {
  it.for(['sqlite', 'postgres', 'etcd'] as const)(
    '%s: at most once fires no tick twice, at least once misses none',
    async (kind, { skip }) => {
      if (!(await venueOrSkip(kind))) return skip();
      const { accounts, killed, resigned, violations } = await turmoil(kind, MS, REPLICAS);
      expect(violations).toEqual([]);
      expect(killed + resigned).toBeGreaterThan(0);
      for (const { due, fired } of accounts) {
        expect(due).toBeGreaterThanOrEqual(MS / 1000);
        expect(fired).toBeGreaterThan(0);
      }
    },
  );
});
