/** What the soak and its candidates, each a process of its own, say to one another. */

export interface Plan {
  /** The candidate's id. */
  readonly id: string;
  /** Another process makes its own store from it. */
  readonly storeUrl: string;
  readonly namespace: string;
  readonly ttlMs: number;
  /** It stands for so many keys, on one session. */
  readonly keys: number;
}

export type Order =
  | { readonly order: 'stand' | 'sample' | 'close' }
  /** Those of these keys that it leads. */
  | { readonly order: 'resign'; readonly keys: readonly number[] };

/** What a process shows of itself. */
export interface Sample {
  /** The keys that it leads, by number. */
  readonly led: readonly number[];
  /** Elections in which it waits behind somebody. */
  readonly waiting: number;
  /** In bytes, after the garbage has been collected. */
  readonly heap: number;
  readonly rss: number;
  /** What keeps it alive, but for timers, by kind. */
  readonly handles: Readonly<Record<string, number>>;
  readonly timers: number;
  /** On the session, and on the signals of its terms. */
  readonly listeners: number;
  /** Renewals that were answered since it began. */
  readonly renewals: number;
  /** Terms that it lost since it began. */
  readonly lost: number;
  /** What was retried last, and how often anything was. */
  readonly trouble: string;
}

export type Report =
  | { readonly what: 'ready' }
  | ({ readonly what: 'sample' } & Sample)
  /** What must never happen: an unhandled rejection, an uncaught exception, a warning. */
  | { readonly what: 'scandal'; readonly message: string };
