import { describe, expect, it } from 'vitest';
import { defaultGraceMs, timingFor } from '../src/child/grace.ts';
import { UsageError } from '../src/exit-codes.ts';

describe('the grace of a command', () => {
  it('ends terms so early that the grace is over before the session, with the usual margin to spare', () => {
    for (const ttlMs of [1000, 3000, 15_000, 600_000]) {
      for (const graceMs of [0, 100, defaultGraceMs(ttlMs), ttlMs / 2].filter((ms) => ms <= ttlMs / 2)) {
        const { drift = 0, marginMs = 0 } = timingFor(ttlMs, graceMs);
        const endsAfterMs = ttlMs * (1 - drift) - marginMs;
        expect(endsAfterMs).toBeGreaterThan(0);
        expect(endsAfterMs + graceMs).toBeLessThanOrEqual(ttlMs * 0.9);
      }
    }
  });

  it('is refused where it leaves too little of the TTL, which says what would do', () => {
    expect(() => timingFor(3000, 1501)).toThrow(UsageError);
    expect(() => timingFor(3000, 1501)).toThrow('give --ttl 4s or more');
  });
});
