/**
 * Leader election and locks on the store a team already runs.
 * @module
 */
export { createTenure } from './tenure.ts';
export type { Tenure } from './tenure.ts';
export type { Election } from './election/election.ts';
export type { AcquireOptions, Lock, RunOptions } from './lock.ts';
export { openStore } from './open-store.ts';
export { defaults } from './options.ts';
export type { TenureOptions } from './options.ts';
export type { TimingOptions } from './timing.ts';

export { TermLostError } from './election/term.ts';
export type { Slot, Term, TermEnd } from './election/term.ts';
export type { EndReason } from './ending.ts';
export type { ElectionEvents, Standing } from './election/streams.ts';
export type { SessionEvents } from './session/events.ts';
export type { Candidate, Leader } from './leader.ts';
export type { Json } from './record.ts';

export {
  AccessDeniedError,
  ClosedError,
  InvalidArgumentError,
  ListenerError,
  LockTimeoutError,
  StoreUnavailableError,
  TenureError,
  ValueTooLargeError,
} from './errors.ts';
export type { ErrorCode } from './errors.ts';

export type { Store } from './store.ts';
export type { Clock, Instant } from './clock.ts';
