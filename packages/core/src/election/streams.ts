import { EventEmitter } from 'eventemitter3';
import type { Observable } from 'rxjs';
import type { Candidacy } from './candidacy.ts';
import { emitSafely } from '../runtime/emitter.ts';
import { ListenerError, StoreUnavailableError, TenureError, messageOf } from '../errors.ts';
import { leaderOf } from '../leader.ts';
import type { Leader } from '../leader.ts';
import { encodeRecord } from '../record.ts';
import { Relay } from '../runtime/relay.ts';
import type { CandidacyListener } from './surroundings.ts';
import type { Term, TermEnd } from './term.ts';

/** Where a candidate stands. */
export interface Standing {
  /** `idle`: does not stand. `candidate`: stands, and knows nothing yet. `follower`: someone else leads. */
  readonly role: 'idle' | 'candidate' | 'follower' | 'leader';
  /** As of the store's last answer to us; `election.leader` follows it live. */
  readonly leader?: Leader;
  readonly term?: Term;
  /** The session's last renewal failed: no new work should start. */
  readonly jeopardy: boolean;
}

export interface ElectionEvents {
  acquired: (term: Term) => void;
  released: (end: TermEnd) => void;
  lost: (end: TermEnd) => void;
  jeopardy: (error: unknown) => void;
  secure: () => void;
  error: (error: TenureError) => void;
}

/** What becomes of a candidate, as streams and as events, each made when somebody asks for it. Both tell the same, at the same moment. */
export class Streams implements CandidacyListener {
  readonly #candidacy: Candidacy;
  #emitter: EventEmitter<ElectionEvents> | undefined;
  #acquired: Relay<Term> | undefined;
  #released: Relay<TermEnd> | undefined;
  #lost: Relay<TermEnd> | undefined;
  #standing: Relay<Standing> | undefined;
  #errors: Relay<TenureError> | undefined;
  /** What those who hear of it were told. */
  #last: Standing | undefined;

  constructor(candidacy: Candidacy) {
    this.#candidacy = candidacy;
    candidacy.listen(this);
  }

  get emitter(): EventEmitter<ElectionEvents> {
    return (this.#emitter ??= new EventEmitter<ElectionEvents>());
  }

  get acquiredStream(): Observable<Term> {
    // Late subscribers learn of the term, but only while it is current.
    return (this.#acquired ??= this.#relay<Term>('acquired', () => this.#candidacy.term)).stream;
  }

  get releasedStream(): Observable<TermEnd> {
    return (this.#released ??= this.#relay('released')).stream;
  }

  get lostStream(): Observable<TermEnd> {
    return (this.#lost ??= this.#relay('lost')).stream;
  }

  get standingStream(): Observable<Standing> {
    return (this.#standing ??= this.#relay('standing', () => {
      const standing = this.#stand();
      if (!this.#standing?.isHeard) this.#last = standing;
      return standing;
    })).stream;
  }

  get errorStream(): Observable<TenureError> {
    return (this.#errors ??= new Relay(warn)).stream;
  }

  acquired(term: Term): void {
    this.#acquired?.next(term);
    this.#emit('acquired', term);
  }

  ended(end: TermEnd): void {
    (end.kind === 'lost' ? this.#lost : this.#released)?.next(end);
    this.#emit(end.kind, end);
  }

  moved(): void {
    if (!this.#standing?.isHeard) return;
    const standing = this.#stand();
    if (this.#last && isSame(standing, this.#last)) return;
    this.#last = standing;
    this.#standing.next(standing);
  }

  jeopardy(error: unknown): void {
    this.moved();
    if (this.#candidacy.term) this.#emit('jeopardy', error);
  }

  secure(): void {
    this.moved();
    if (this.#candidacy.term) this.#emit('secure');
  }

  trouble(error: unknown): void {
    this.report(error);
  }

  report(error: unknown): void {
    const known =
      error instanceof TenureError
        ? error
        : new StoreUnavailableError(`the store failed: ${messageOf(error)}`, { cause: error });
    this.#errors?.next(known);
    if (this.#emitter) emitSafely(this.#emitter, (_name, thrown) => warn(thrown), 'error', known);
  }

  #failed(name: string, error: unknown): void {
    this.report(new ListenerError(name, error));
  }

  #relay<T>(name: string, first?: () => T | undefined): Relay<T> {
    return new Relay((error) => this.#failed(name, error), first);
  }

  #emit(name: 'acquired', term: Term): void;
  #emit(name: 'released' | 'lost', end: TermEnd): void;
  #emit(name: 'jeopardy', error: unknown): void;
  #emit(name: 'secure'): void;
  #emit(name: keyof ElectionEvents, ...args: unknown[]): void {
    if (!this.#emitter) return;
    emitSafely(this.#emitter, (event, error) => this.#failed(event, error), name, ...(args as [never]));
  }

  #stand(): Standing {
    const { state, term, inJeopardy: jeopardy, key, candidate } = this.#candidacy;
    if (term) {
      const { token, acquiredAt, claimId } = term;
      const value = encodeRecord({ ...candidate, claimId, acquiredAt });
      return { role: 'leader', term, leader: leaderOf({ key: key.name, token, value }), jeopardy };
    }
    if (state.phase === 'idle' || (state.phase === 'releasing' && state.next === 'idle'))
      return { role: 'idle', jeopardy };
    const holder = state.phase === 'following' || state.phase === 'claiming' ? state.held?.holder : undefined;
    // A follower that asks again follows until it hears otherwise.
    const role = state.phase === 'following' || holder ? 'follower' : 'candidate';
    return holder ? { role, leader: leaderOf(holder), jeopardy } : { role, jeopardy };
  }
}

const isSame = (one: Standing, other: Standing): boolean =>
  one.role === other.role &&
  one.leader?.token === other.leader?.token &&
  one.leader?.value === other.leader?.value &&
  one.term === other.term &&
  one.jeopardy === other.jeopardy;

/** The last resort for what a listener of errors itself throws. */
function warn(error: unknown): void {
  process.emitWarning(`a listener of election errors threw: ${String(error)}`, 'TenureWarning');
}
