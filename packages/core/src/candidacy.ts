import { rfc3339 } from './clock.ts';
import type { Clock } from './clock.ts';
import { electionTransition } from './election-machine.ts';
import { electionAlarm, electionCall, initialElection } from './election-state.ts';
import type { ElectionCall, ElectionEvent, ElectionState, EndReason } from './election-state.ts';
import { NotAppliedError, SessionGoneError, StoreUnavailableError } from './errors.ts';
import type { Candidate } from './leader.ts';
import { Runtime } from './runtime.ts';
import type { Session, SessionUser } from './session.ts';
import type { Key, Store } from './store.ts';
import { LiveTerm } from './term.ts';
import type { TermEnd } from './term.ts';
import { TermVerbs } from './term-verbs.ts';
import type { Timing } from './timing.ts';
import type { Turn } from './turn.ts';
import { decodeValue } from './value.ts';

/** What a tenure lends to each of its candidates. */
export interface Surroundings {
  readonly store: Store;
  readonly session: Session;
  readonly timing: Timing;
  readonly clock: Clock;
  readonly turn: Turn;
  /** A new claim id each time. */
  readonly nonce: () => string;
}

/** Told outside the machine's turn, after the state has changed and every signal has aborted. */
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

type Happening = ElectionEvent extends infer E
  ? E extends ElectionEvent
    ? Omit<E, 'at' | 'jitter' | 'nonce'>
    : never
  : never;

/** One candidate for one key: what elections and locks are made of. */
export class Candidacy implements SessionUser {
  readonly key: Key;
  readonly candidate: Candidate;
  readonly #around: Surroundings;
  readonly #listeners = new Set<CandidacyListener>();
  readonly #runtime: Runtime<ElectionState, Happening, ElectionCall>;
  readonly #verbs: TermVerbs;
  readonly #suspects = new Set<string>();
  readonly #waiters = new Set<() => void>();
  #term: LiveTerm | undefined;
  #leaveSession: (() => void) | undefined;
  #lastTrouble: unknown;

  /** `onRelease`: what `term.release()` does; a lock's candidate leaves, an election's stands back. */
  constructor(key: Key, candidate: Candidate, onRelease: 'stop' | 'resign', around: Surroundings) {
    this.key = key;
    this.candidate = candidate;
    this.#around = around;
    const { clock, turn, timing, nonce } = around;
    this.#verbs = new TermVerbs(around, {
      trouble: (error) => this.trouble(error),
      release: () => this[onRelease](),
      superseded: (claimId) => this.news({ claimId, what: 'superseded' }),
    });
    this.#runtime = new Runtime<ElectionState, Happening, ElectionCall>({
      initial: initialElection,
      clock,
      turn,
      transition: (state, event, at) =>
        electionTransition(state, { ...event, at, jitter: Math.random(), nonce: nonce() }, timing),
      callOf: electionCall,
      alarmOf: electionAlarm,
      perform: (call, signal) => this.#perform(call, signal),
      onAlarm: () => ({ type: 'alarm' }),
      changed: (before, after) => this.#changed(before, after),
      abandoned: (call) => this.#abandoned(call),
    });
  }

  get state(): ElectionState {
    return this.#runtime.state;
  }

  /** The current term; undefined as soon as the clock says that it is over. */
  get term(): LiveTerm | undefined {
    return this.state.phase === 'leading' && this.#term?.isCurrent() ? this.#term : undefined;
  }

  get lastTrouble(): unknown {
    return this.#lastTrouble;
  }

  get inJeopardy(): boolean {
    return this.#around.session.jeopardy;
  }

  listen(listener: CandidacyListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): void {
    if (!this.#leaveSession) {
      this.#dispatch({ type: 'unusable', gone: true, reason: 'session-invalidated' });
      this.#leaveSession = this.#around.session.use(this);
    }
    this.#dispatch({ type: 'start' });
  }

  /** Leave. Resolves when the store has let go, or cannot be told and will by itself. */
  stop(reason: 'released' | 'closed' = 'released'): Promise<void> {
    this.#dispatch({ type: 'stop', reason });
    return this.#until((state) => state.phase === 'idle' || (state.phase === 'releasing' && !state.usable));
  }

  /** Give up the term, stay a candidate. Resolves like {@link stop}. */
  resign(): Promise<void> {
    this.#dispatch({ type: 'resign' });
    return this.#until(
      (state) => state.phase !== 'leading' && (state.phase !== 'releasing' || !state.usable),
    );
  }

  /** Terms guard a piece of work from now on (`settled` says when it is done), or no longer. */
  guard(on: boolean): void {
    this.#dispatch({ type: 'guard', on });
  }

  settled(): void {
    this.#dispatch({ type: 'settled' });
  }

  /** The work has held the key for long enough: it is told to stop, and after `graceMs` the key is given up. */
  holdOver(graceMs: number): void {
    this.#dispatch({ type: 'hold-over', graceMs });
  }

  usable(): void {
    this.#dispatch({ type: 'usable' });
  }

  unusable(gone: boolean, reason: EndReason): void {
    this.#dispatch({ type: 'unusable', gone, reason });
  }

  news({
    claimId,
    what,
  }: {
    readonly claimId: string;
    readonly what: 'deleted' | 'superseded' | 'evicted';
  }): void {
    this.#around.turn.take(() => {
      const { state } = this;
      if (!('claimId' in state) || state.claimId !== claimId) return;
      // A place in the queue that is gone is taken anew by asking again.
      this.#dispatch(state.phase === 'following' ? { type: 'woke' } : { type: 'news', what });
    });
  }

  jeopardy(error: unknown): void {
    this.#tell((listener) => listener.jeopardy?.(error));
  }

  secure(): void {
    this.#lastTrouble = undefined;
    this.#tell((listener) => listener.secure?.());
  }

  trouble(error: unknown): void {
    this.#lastTrouble = error;
    this.#tell((listener) => listener.trouble?.(error));
  }

  #dispatch(happening: Happening): void {
    this.#runtime.dispatch(happening);
  }

  #tell(tell: (listener: CandidacyListener) => void): void {
    for (const listener of this.#listeners) this.#around.turn.notice(() => tell(listener));
  }

  #until(done: (state: ElectionState) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!done(this.state)) return;
        this.#waiters.delete(check);
        resolve();
      };
      this.#waiters.add(check);
      check();
    });
  }

  async #perform(call: ElectionCall, signal: AbortSignal): Promise<Happening> {
    const { store, session } = this.#around;
    try {
      switch (call.verb) {
        case 'claim':
          return await this.#claim(call.claimId, signal);
        case 'park':
          if (!session.store) break;
          await session.store.park(call.held, signal);
          return { type: 'woke' };
        case 'release':
          await session.store?.release(this.key, call.claimId, signal);
          // An unanswered claim may still be on its way, and would be applied after this.
          if (this.#suspects.delete(call.claimId)) session.sweep(this.key, call.claimId);
          return { type: 'released' };
        case 'lookout':
          for await (const holder of store.watch(this.key, signal)) {
            if (holder && holder.token > call.token) return { type: 'succeeded' };
          }
      }
      return { type: 'failed', notApplied: false };
    } catch (error) {
      if (!signal.aborted && !(error instanceof SessionGoneError)) this.trouble(error);
      if (error instanceof SessionGoneError) session.renew().catch(() => {});
      return { type: 'failed', notApplied: error instanceof NotAppliedError };
    }
  }

  async #claim(claimId: string, signal: AbortSignal): Promise<Happening> {
    const { session, clock } = this.#around;
    const { current } = session;
    if (!current) return { type: 'failed', notApplied: true };
    const { id, metadata } = this.candidate;
    const acquiredAt = rfc3339(clock.now());
    const proposal = { id, claimId, acquiredAt, ...(metadata === undefined ? {} : { metadata }) };
    const answer = await current.session.claim(this.key, proposal, signal);
    if (answer.outcome === 'held') return { type: 'held', held: answer };
    // Only the session's own deadline counts: an answer that comes after it is no term (S1).
    if (current.liveness.isOver) return { type: 'failed', notApplied: false };
    if (!signal.aborted) {
      const checkpoint = answer.checkpoint === undefined ? undefined : decodeValue(answer.checkpoint);
      this.#term = new LiveTerm(this.#verbs, current.liveness, {
        key: this.key.name,
        token: answer.token,
        candidate: this.candidate,
        acquiredAt,
        checkpoint,
        claimId,
      });
      this.#verbs.begin(this.#term, answer);
    }
    return { type: 'granted', granted: answer };
  }

  #abandoned(call: ElectionCall): void {
    if (call.verb !== 'claim') return;
    this.#suspects.add(call.claimId);
    if (this.state.phase === 'claiming') {
      const { patienceMs } = this.#around.timing;
      this.trouble(
        new StoreUnavailableError(`the claim was not answered within ${Math.round(patienceMs)} ms`),
      );
    }
  }

  #changed(before: ElectionState, after: ElectionState): void {
    const { turn, clock } = this.#around;
    const term = this.#term;
    if (after.phase === 'leading' && before.phase !== 'leading' && term) {
      this.#lastTrouble = undefined;
      this.#tell((listener) => listener.acquired?.(term));
    }
    if (before.phase === 'leading' && after.phase !== 'leading' && term && after.last) {
      const cause = after.last.kind === 'lost' ? this.#lastTrouble : undefined;
      const end = term.finish(after.last, rfc3339(clock.now()), cause);
      turn.abort(() => term.abort(end));
      this.#tell((listener) => listener.ended?.(end));
    }
    if (after.phase === 'leading' && before.phase === 'leading' && after.winding && !before.winding && term) {
      const { reason } = after.winding;
      turn.abort(() => term.askToStop(reason));
    }
    if (after.phase === 'idle' && before.phase !== 'idle') {
      this.#leaveSession?.();
      this.#leaveSession = undefined;
      this.#tell((listener) => listener.left?.());
    }
    this.#tell((listener) => listener.moved?.());
    turn.notice(() => {
      for (const check of this.#waiters) check();
    });
  }
}
