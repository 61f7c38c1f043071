import type { Chance } from '../chance.ts';
import type { Candidacy } from './candidacy.ts';
import type { Clock } from '../clock.ts';
import type { Session } from '../session/session.ts';
import type { Store } from '../store.ts';
import type { LiveTerm, TermEnd } from './term.ts';
import type { Timing } from '../timing.ts';
import type { Turn } from '../runtime/turn.ts';
import type { Reclaim } from './reclaim.ts';
import type { Rounds } from './rounds.ts';

/** What a tenure lends to each of its candidates. */
export interface Surroundings {
  readonly store: Store;
  readonly session: Session;
  readonly timing: Timing;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly turn: Turn;
  /** Of those who wait with that session. */
  readonly rounds: Rounds;
  /** Those that stand. */
  readonly standing: Set<Candidacy>;
  /** A new claim id each time. */
  readonly nonce: () => string;
  /** It is a claim of this tenure that none of its candidates knows any more. */
  readonly isStray: (claimId: string) => boolean;
  /** With a stable id and leave to use it. */
  readonly reclaim: Reclaim | undefined;
  /** @throws ClosedError once the tenure was closed. */
  readonly refuseClosed: () => void;
}

/** What happens to a candidate. Told outside the machine's turn, after the state has changed and every signal has aborted. */
export interface CandidacyListener {
  acquired?(term: LiveTerm): void;
  ended?(end: TermEnd): void;
  /** The state changed in some way. */
  moved?(): void;
  /** It does not stand any more. */
  left?(): void;
  jeopardy?(error: unknown): void;
  secure?(): void;
  /** Trouble that is being retried. */
  trouble?(error: unknown): void;
}
