import type { Instant } from '@tenure/core/store';

/** Until when the child may run, by the clocks of the machine. */
export interface Deadline {
  /** It is asked to end (SIGTERM). */
  readonly termAt: Instant;
  /** It is killed: the store may let somebody else lead soon after. */
  readonly killAt: Instant;
}

/** From `tenure` to the watchdog. */
export type Order =
  | {
      readonly type: 'start';
      readonly command: readonly string[];
      readonly env: Readonly<NodeJS.ProcessEnv>;
      readonly deadline: Deadline;
    }
  | { readonly type: 'deadline'; readonly deadline: Deadline }
  | { readonly type: 'signal'; readonly signal: NodeJS.Signals }
  /** SIGTERM now, and SIGKILL `graceMs` later or at the deadline. */
  | { readonly type: 'stop'; readonly graceMs: number }
  | { readonly type: 'kill' };

/** From the watchdog to `tenure`. */
export type Report =
  | { readonly type: 'started'; readonly pid: number }
  /** It could not be run at all; `code` as of Node.js, `ENOENT` say. */
  | { readonly type: 'failed'; readonly code: string | undefined; readonly message: string }
  /** It and everything in its process group is gone. */
  | {
      readonly type: 'ended';
      readonly code: number | null;
      readonly signal: NodeJS.Signals | null;
      /** It was told to end by us: the deadline, `stop` or `kill`. */
      readonly stopped: boolean;
    };
