import { Logger } from '@nestjs/common';
import { createTenure } from '@tenure/core';
import { memory } from '@tenure/core/memory';
import type { Clock } from '@tenure/core/store';
import { describe, expect, it } from 'vitest';
import { LeaderWork } from '../src/leader-work.ts';

/** How long it stays away after each of these many failures, when it has worked for so long before each. */
async function pausesMs(failures: number, workedMs: (times: number) => number): Promise<readonly number[]> {
  await using tenure = createTenure({ store: memory() });
  let nowMs = 0;
  const pauses: number[] = [];
  const clock: Clock = {
    now: () => ({ monoMs: nowMs, wallMs: nowMs }),
    alarm: (at, due) => {
      pauses.push(at.monoMs - nowMs);
      // Nobody waits in this test.
      queueMicrotask(due);
      if (pauses.length === failures) void work.stop();
      return () => {};
    },
  };
  const run = (): void => {
    nowMs += workedMs(pauses.length);
    throw new Error('no more paper');
  };
  const logger = new Logger();
  logger.localInstance.setLogLevels?.([]);
  const work = new LeaderWork(tenure.election('reports'), { name: 'it', run, retryMs: 1000, clock, logger });
  work.start();
  await work.settled;
  return pauses;
}

describe('work that fails again and again', () => {
  it('stays away for longer each time, up to a minute', async () => {
    expect(await pausesMs(8, () => 0)).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  });

  it('begins anew once it has worked for a minute', async () => {
    expect(await pausesMs(5, (times) => (times === 3 ? 60_000 : 0))).toEqual([1000, 2000, 4000, 1000, 2000]);
  });
});
