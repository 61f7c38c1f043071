import { EventEmitter } from 'eventemitter3';
import { Subject } from 'rxjs';
import type { Observable } from 'rxjs';
import type { Candidacy } from './candidacy.ts';
import { emitSafely } from '../runtime/emitter.ts';
import { ListenerError, StoreUnavailableError, TenureError, messageOf } from '../errors.ts';
import { leaderOf } from '../leader.ts';
import type { Leader } from '../leader.ts';
import { encodeRecord } from '../record.ts';
import { Stream } from '../runtime/stream.ts';
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

/** What becomes of a candidate, as streams and as events. Both tell the same, at the same moment. */
export class Streams {
  readonly emitter: EventEmitter<ElectionEvents> = new EventEmitter<ElectionEvents>();
  readonly acquired: Observable<Term>;
  readonly released: Observable<TermEnd>;
  readonly lost: Observable<TermEnd>;
  readonly standing: Observable<Standing>;
  readonly errors: Observable<TenureError>;
  readonly #candidacy: Candidacy;
  readonly #acquired = new Subject<Term>();
  readonly #ended = { released: new Subject<TermEnd>(), lost: new Subject<TermEnd>() };
  readonly #standing = new Subject<Standing>();
  readonly #errors = new Subject<TenureError>();
  #last: Standing;

  constructor(candidacy: Candidacy) {
    this.#candidacy = candidacy;
    this.#last = this.#stand();
    const failed = (name: string) => (error: unknown) => this.#failed(name, error);
    this.acquired = new Stream(failed('acquired'), (subscriber) => {
      // Late subscribers learn of the term, but only while it is current.
      const { term } = candidacy;
      if (term) subscriber.next(term);
      return this.#acquired.subscribe(subscriber);
    });
    this.released = new Stream(failed('released'), (subscriber) =>
      this.#ended.released.subscribe(subscriber),
    );
    this.lost = new Stream(failed('lost'), (subscriber) => this.#ended.lost.subscribe(subscriber));
    this.standing = new Stream(failed('standing'), (subscriber) => {
      subscriber.next(this.#stand());
      return this.#standing.subscribe(subscriber);
    });
    this.errors = new Stream(warn, (subscriber) => this.#errors.subscribe(subscriber));
    candidacy.listen({
      acquired: (term) => {
        this.#acquired.next(term);
        this.#emit('acquired', term);
      },
      ended: (end) => {
        this.#ended[end.kind].next(end);
        this.#emit(end.kind, end);
      },
      moved: () => this.#move(),
      jeopardy: (error) => {
        this.#move();
        if (candidacy.term) this.#emit('jeopardy', error);
      },
      secure: () => {
        this.#move();
        if (candidacy.term) this.#emit('secure');
      },
      trouble: (error) => this.report(error),
    });
  }

  report(error: unknown): void {
    const known =
      error instanceof TenureError
        ? error
        : new StoreUnavailableError(`the store failed: ${messageOf(error)}`, { cause: error });
    this.#errors.next(known);
    emitSafely(this.emitter, (_name, thrown) => warn(thrown), 'error', known);
  }

  #failed(name: string, error: unknown): void {
    this.report(new ListenerError(name, error));
  }

  #emit(name: 'acquired', term: Term): void;
  #emit(name: 'released' | 'lost', end: TermEnd): void;
  #emit(name: 'jeopardy', error: unknown): void;
  #emit(name: 'secure'): void;
  #emit(name: keyof ElectionEvents, ...args: unknown[]): void {
    emitSafely(this.emitter, (event, error) => this.#failed(event, error), name, ...(args as [never]));
  }

  #move(): void {
    const standing = this.#stand();
    const { role, leader, term, jeopardy } = this.#last;
    const same =
      standing.role === role &&
      standing.leader?.token === leader?.token &&
      standing.leader?.value === leader?.value &&
      standing.term === term &&
      standing.jeopardy === jeopardy;
    if (same) return;
    this.#last = standing;
    this.#standing.next(standing);
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

/** The last resort for what a listener of errors itself throws. */
function warn(error: unknown): void {
  process.emitWarning(`a listener of election errors threw: ${String(error)}`, 'TenureWarning');
}
