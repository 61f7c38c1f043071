import type { TimingOptions } from '@tenure/core';
import { UsageError } from '../exit-codes.ts';

/** Of the TTL, where `--grace` is not given; 10 s at most. */
const DEFAULT_SHARE = 1 / 5;
const MOST_SHARE = 1 / 2;

export const defaultGraceMs = (ttlMs: number): number => Math.min(ttlMs * DEFAULT_SHARE, 10_000);

/**
 * Timing that ends terms by the grace earlier than the store would allow, so that a command that ignores SIGTERM is dead
 * before anybody else can lead. Renewals come the more often the longer the grace is: two must fit in after one that
 * failed, with their time-outs (three eighths of `renewMs` each) and the pauses between them (a thirtieth of the TTL).
 * @throws UsageError for a grace that leaves too little of the TTL.
 */
export function timingFor(ttlMs: number, graceMs: number): TimingOptions {
  if (graceMs > ttlMs * MOST_SHARE) {
    throw new UsageError(
      `--grace ${graceMs} ms is more than half of the TTL of ${ttlMs} ms: give --ttl ${Math.ceil(graceMs / MOST_SHARE / 1000)}s or more`,
    );
  }
  const drift = 0.01;
  const marginMs = ttlMs / 10 + graceMs;
  const usableMs = ttlMs * (1 - drift) - marginMs - ttlMs / 15;
  return { drift, marginMs, renewMs: Math.min(ttlMs / 3, (usableMs / (1 + 9 / 8)) * 0.99) };
}
