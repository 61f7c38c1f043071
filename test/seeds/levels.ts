/**
 * distrlock's first test opened two transactions at each isolation level and asked for one key in both: the second
 * waited for the first, and nobody looked at what came of it. A claim here is no part of a user's transaction, so what
 * is left of it are the defaults of the user's own pool, and many of its connections at once.
 */
import { createTenure } from '@tenure/core';
import type { Store } from '@tenure/core';
import { expect } from 'vitest';

export const LEVELS = ['read uncommitted', 'read committed', 'repeatable read', 'serializable'] as const;

export type Level = (typeof LEVELS)[number];

/** A pool of the user's, and stores that borrow its connections. */
export interface Pooled {
  readonly store: () => Store;
  /** What the pool's connections say that their default is. */
  readonly level: () => Promise<string>;
  readonly end: () => Promise<void>;
}

export async function competeAt(level: Level, { store, level: actual }: Pooled): Promise<void> {
  expect((await actual()).toLowerCase().replaceAll('-', ' ')).toBe(level);
  const namespace = `seeds ${level}`;
  const tenures = Array.from({ length: 5 }, () => createTenure({ store: store(), namespace }));
  try {
    const locks = tenures.map((tenure) => tenure.lock('job'));
    const answers = await Promise.all([...locks, ...locks].map((lock) => lock.tryAcquire()));
    const winners = answers.filter((term) => term !== undefined);
    expect(winners).toHaveLength(1);

    const order: bigint[] = [];
    const waiting = locks.map((lock) => lock.run(({ token }) => void order.push(token)));
    expect(await locks[0]!.tryAcquire()).toBeUndefined();
    await winners[0]!.release();
    await Promise.all(waiting);
    expect(order).toHaveLength(5);
    for (const [index, token] of order.entries()) {
      expect(token).toBeGreaterThan(order[index - 1] ?? winners[0]!.token);
    }
  } finally {
    await Promise.all(tenures.map((tenure) => tenure.close()));
  }
}
