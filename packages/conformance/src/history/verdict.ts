import type { HistoryEvent, TrueMs } from './event.ts';

/** What a history is held to. */
export interface Promises {
  /** From the end of all faults until every key that is stood for must have a leader. */
  readonly leaderWithinMs: number;
  /**
   * A loss must have been told so long after it can be told at all (the process runs, the term is over by its clock);
   * and a grant must have been heard of.
   */
  readonly toldWithinMs: number;
  /** True when clocks kept within the promised drift and the store kept its word all the time: then terms must be disjoint. */
  readonly disjoint: boolean;
  /** Slack for the clock by which events are stamped: 0 in simulations, a few milliseconds between processes. */
  readonly slackMs: number;
  /** Keys that somebody stands for to the end. */
  readonly stoodFor: readonly string[];
  /** The end of the observation. */
  readonly endAt: TrueMs;
}

export type Rule =
  | 'terms-disjoint'
  | 'tokens-rise'
  | 'fenced-linearizable'
  | 'stale-save'
  | 'leader-after-healing'
  | 'one-end'
  | 'told-in-time'
  | 'observers-monotone'
  | 'observers-converge'
  | 'scandal';

export interface Violation {
  readonly rule: Rule;
  /** What happened, in a sentence with times. */
  readonly text: string;
  /** The events that show it. */
  readonly events: readonly HistoryEvent[];
}

export interface Verdict {
  readonly violations: readonly Violation[];
  readonly terms: number;
  readonly faults: Readonly<Record<string, number>>;
  /** Overlaps that the promise excuses (the store broke its word, clocks ran wild), and the longest of them. */
  readonly excusedOverlaps: number;
  readonly longestExcusedMs: number;
  /** Between healing and the next leader, the longest. */
  readonly longestWithoutLeaderMs: number;
  /** Lost or doubled updates of resources that did not look at tokens: what may happen without fencing. */
  readonly unfencedAnomalies: number;
}
