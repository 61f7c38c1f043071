/** What a test and its contenders, each a process of its own, say to one another. */

export interface Plan {
  /** The candidate's id. */
  readonly id: string;
  /** Another process makes its own store from it. */
  readonly storeUrl: string;
  readonly namespace: string;
  readonly ttlMs: number;
  /** One election each, all on one session. */
  readonly keys: readonly string[];
  readonly releaseOn: readonly NodeJS.Signals[];
  /** Asks its terms whether they are current, again and again. */
  readonly reads: boolean;
  /** At this rate of the machine's, and the wall clock can be set by `step`. @default the machine's clocks */
  readonly clockRate?: number;
  /** Leaders work on resources that are kept there, and save checkpoints. */
  readonly duty?: { readonly host: string; readonly port: number };
}

export type Order =
  | {
      readonly order: 'start' | 'resign' | 'stop' | 'observe' | 'evict' | 'evict by force';
      readonly keys: readonly string[];
    }
  /** Set its wall clock forward, or back. Its monotonic clock, and what reports are stamped by, go on. */
  | { readonly order: 'step'; readonly ms: number }
  /** Block the event loop for `ms`, and longer until that file is there. */
  | { readonly order: 'block'; readonly ms: number; readonly untilFile: string }
  /** Close the tenure and end when nothing is left to do: by itself, not by process.exit. */
  | { readonly order: 'close' };

/** What a term says about itself at one moment. */
export interface View {
  readonly key: string;
  readonly token: bigint;
  readonly isCurrent: boolean;
  /** `election.term` is there. */
  readonly hasTerm: boolean;
  readonly remainingMs: number;
}

export type Report = {
  /** CLOCK_MONOTONIC in nanoseconds: one clock for all processes of a machine. */
  readonly at: bigint;
} & (
  | { readonly what: 'ready' | 'closed' }
  | { readonly what: 'acquired' | 'aborted'; readonly key: string; readonly token: bigint }
  | {
      readonly what: 'ended';
      readonly key: string;
      readonly token: bigint;
      readonly kind: 'released' | 'lost';
      readonly reason: string;
      /** The clock just before the last read that found the term current. */
      readonly lastCurrentAt: bigint;
    }
  | { readonly what: 'standing'; readonly key: string; readonly role: string }
  | {
      readonly what: 'leader';
      readonly key: string;
      readonly leader: { readonly id: string; readonly value: string; readonly token: bigint } | undefined;
    }
  /** The checkpoint that the term found: JSON. */
  | {
      readonly what: 'found';
      readonly key: string;
      readonly token: bigint;
      readonly checkpoint: string | undefined;
    }
  | {
      readonly what: 'saved';
      readonly key: string;
      readonly token: bigint;
      readonly calledAt: bigint;
      readonly checkpoint: string;
      readonly outcome: 'ok' | 'unknown';
    }
  /** The resource answered. */
  | {
      readonly what: 'operated';
      readonly id: string;
      readonly outcome: 'ok' | 'refused';
      readonly value: number | undefined;
    }
  | { readonly what: 'session'; readonly event: string; readonly detail: string }
  /** It did not run since `since`. The views are the first reads afterwards. */
  | { readonly what: 'away'; readonly since: bigint; readonly views: readonly View[] }
  | { readonly what: 'trouble'; readonly message: string }
  /** What must never happen: an unhandled rejection, an uncaught exception, a warning, a term that came back. */
  | { readonly what: 'scandal'; readonly message: string }
);

export type Unstamped = Report extends infer R ? (R extends Report ? Omit<R, 'at'> : never) : never;

export type ReportOf<What extends Report['what']> = Report & { readonly what: What };

export const msBetween = (from: bigint, to: bigint): number => Number(to - from) / 1e6;
