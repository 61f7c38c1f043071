import type { Attempt } from './attempt.ts';
import type { Job } from './job.ts';
import type { Resolved } from './options.ts';
import type { RunDetail } from './run.ts';

/** What a schedule lends to its shifts: what outlives a term. */
export interface ScheduleHost {
  readonly job: Job;
  readonly options: Resolved;
  /** The job at work, be it one whose term is over. */
  readonly running: Attempt | undefined;
  begin(attempt: Attempt): void;
  tell(tickMs: number, detail: RunDetail): void;
  /** Trouble that concerns no tick that could still be told of. */
  trouble(error: unknown): void;
}
