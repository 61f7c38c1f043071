/** What the onlooker and a library's process say to one another. */

export interface Plan {
  /** Which library: its name in `contenders.ts`. */
  readonly library: string;
  readonly url: string;
  readonly namespace: string;
  readonly id: string;
  readonly ttlMs: number;
  readonly key: string;
}

export type Order =
  | { readonly order: 'acquire' | 'release' | 'look' | 'close' }
  /** Block the event loop for `ms`, and longer until that file is there. */
  | { readonly order: 'block'; readonly ms: number; readonly untilFile: string };

export type What =
  | 'ready'
  | 'waiting'
  | 'acquired'
  /** The library said, unasked, that the lock is lost. */
  | 'told'
  /** It is not ours any more, by what the library says when asked. */
  | 'over'
  /** It can run again after it was blocked; the first read is behind it. */
  | 'awake'
  | 'released'
  | 'looked'
  | 'crash'
  | 'trouble';

export interface Report {
  /** CLOCK_MONOTONIC in nanoseconds: one clock for all processes of a machine. */
  readonly at: bigint;
  readonly what: What;
  /** The clock just before the last read that found the lock ours; 0 for never. */
  readonly lastOursAt: bigint;
  readonly detail: string;
}
