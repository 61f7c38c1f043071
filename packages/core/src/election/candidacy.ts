import { decodeCheckpoint } from '../checkpoint.ts';
import { rfc3339 } from '../clock.ts';
import { ElectionCalls } from './calls.ts';
import type { ElectionHappening, Win } from './calls.ts';
import { electionTransition } from './machine.ts';
import { electionAlarm, electionCall, initialElection, isBusy } from './state.ts';
import type { ElectionCall, ElectionState } from './state.ts';
import type { EndReason } from '../ending.ts';
import { StoreUnavailableError } from '../errors.ts';
import type { Candidate } from '../leader.ts';
import { Runtime } from '../runtime/runtime.ts';
import type { SessionUser } from '../session/events.ts';
import type { ClaimNews, Held, Key } from '../store.ts';
import type { Follower } from './rounds.ts';
import type { CandidacyListener, Surroundings } from './surroundings.ts';
import { LiveTerm } from './term.ts';
import { TermVerbs } from './term-verbs.ts';

/** One candidate for one key: what elections and locks are made of. */
export class Candidacy implements SessionUser, Follower {
  readonly key: Key;
  readonly candidate: Candidate;
  readonly #around: Surroundings;
  readonly #listeners = new Set<CandidacyListener>();
  readonly #runtime: Runtime<ElectionState, ElectionHappening, ElectionCall>;
  readonly #calls: ElectionCalls;
  readonly #verbs: TermVerbs;
  readonly #waiters = new Set<() => void>();
  #term: LiveTerm | undefined;
  #leaveSession: (() => void) | undefined;
  #lastTrouble: unknown;

  /** `onRelease`: what `term.release()` does; a lock's candidate leaves, an election's stands back. */
  constructor(key: Key, candidate: Candidate, onRelease: 'stop' | 'resign', around: Surroundings) {
    this.key = key;
    this.candidate = candidate;
    this.#around = around;
    const { clock, chance, turn, timing, nonce } = around;
    this.#verbs = new TermVerbs(around, {
      trouble: (error) => this.trouble(error),
      release: async () => {
        const released = this[onRelease]();
        // The work that asks may be what the term waits for: it must not wait for itself.
        const { state } = this;
        if (!(state.phase === 'leading' && isBusy(state))) await released;
      },
      hold: (claimId) => {
        this.#dispatch({ type: 'hold', claimId });
        return () => this.#dispatch({ type: 'let-go', claimId });
      },
      superseded: (claimId) => this.news({ claimId, what: 'superseded' }),
    });
    this.#calls = new ElectionCalls(key, candidate, around, {
      won: (win) => this.#won(win),
      trouble: (error) => this.trouble(error),
      sent: (call) => this.#dispatch({ type: 'sent', call }),
    });
    this.#runtime = new Runtime<ElectionState, ElectionHappening, ElectionCall>({
      initial: initialElection,
      clock,
      turn,
      transition: (state, event, at) =>
        electionTransition(state, { at, jitter: chance.jitter(), nonce: nonce(), ...event }, timing),
      callOf: electionCall,
      alarmOf: electionAlarm,
      perform: (call, signal) => this.#calls.perform(call, signal),
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

  /** It knows that claim, and will release it. */
  knows(claimId: string): boolean {
    return 'claimId' in this.state && this.state.claimId === claimId;
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

  /** @throws ClosedError */
  start(): void {
    this.#around.refuseClosed();
    if (!this.#leaveSession) {
      this.#dispatch({ type: 'unusable', gone: true, reason: 'session-invalidated' });
      this.#leaveSession = this.#around.session.use(this);
    }
    this.#dispatch({ type: 'start' });
  }

  /** Leave. Resolves when the store has let go, or cannot be told and will by itself. */
  stop(reason: 'released' | 'closed' = 'released'): Promise<void> {
    this.#dispatch({ type: 'stop', reason });
    return this.#letGo();
  }

  /** Give up the term, stay a candidate. Resolves like {@link stop}. */
  resign(): Promise<void> {
    this.#dispatch({ type: 'resign' });
    return this.#letGo();
  }

  /**
   * Terms guard a piece of work from now on (`settled` says when it is done). Returns the one that does so already, for
   * which the work must begin: one that is over by the clock is told as lost first, and guards nothing.
   */
  guard(): LiveTerm | undefined {
    this.#around.session.look();
    this.#dispatch({ type: 'guard', on: true });
    return this.state.phase === 'leading' ? this.#term : undefined;
  }

  unguard(): void {
    this.#dispatch({ type: 'guard', on: false });
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

  news({ claimId, what }: ClaimNews): void {
    this.#around.turn.take(() => {
      const { state } = this;
      if (!('claimId' in state) || state.claimId !== claimId) return;
      // A place in the queue that is gone is taken anew by asking again.
      this.#dispatch(state.phase === 'following' ? { type: 'woke' } : { type: 'news', what });
    });
  }

  /** What it waits with, if it waits. */
  get wait(): Follower['wait'] {
    const { state } = this;
    if (state.phase !== 'following') return undefined;
    return { held: state.held, isChecking: state.checking === true };
  }

  waits(held: Held): void {
    this.#dispatch({ type: 'waits', held });
  }

  woke(held: Held): void {
    if (this.state.phase === 'following' && this.state.held === held) this.#dispatch({ type: 'woke' });
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

  #dispatch(happening: ElectionHappening): void {
    this.#runtime.dispatch(happening);
  }

  #tell(tell: (listener: CandidacyListener) => void): void {
    for (const listener of this.#listeners) this.#around.turn.notice(() => tell(listener));
  }

  /** Whoever holds nothing that the store could still be told about has let go; also who stands again already. */
  #letGo(): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        const { phase, usable } = this.state;
        if (phase === 'leading' || (phase === 'releasing' && usable)) return;
        this.#waiters.delete(check);
        resolve();
      };
      this.#waiters.add(check);
      check();
    });
  }

  #won({ granted, liveness, acquiredAt }: Win): void {
    const { token, claimId, checkpoint } = granted;
    const found = decodeCheckpoint(checkpoint);
    this.#term = new LiveTerm(this.#verbs, liveness, {
      key: this.key.name,
      token,
      candidate: this.candidate,
      acquiredAt,
      found,
      claimId,
    });
    this.#verbs.begin(this.#term, granted, found);
  }

  #abandoned(call: ElectionCall): void {
    this.#calls.giveUp(call);
    if (call.verb === 'claim' && this.state.phase === 'claiming') {
      const waitedMs = Math.round(this.#around.timing.patienceMs);
      this.trouble(new StoreUnavailableError(`the claim was not answered within ${waitedMs} ms`));
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
    if (before.phase === 'idle' && after.phase !== 'idle') this.#tell((listener) => listener.entered?.());
    if (after.phase === 'idle' && before.phase !== 'idle') {
      this.#leaveSession?.();
      this.#leaveSession = undefined;
      this.#tell((listener) => listener.left?.());
    }
    if (before.phase === 'following' || after.phase === 'following')
      turn.notice(() => this.#around.rounds.moved(this));
    for (const listener of this.#listeners) if (listener.moved) turn.notice(() => listener.moved?.());
    if (this.#waiters.size > 0)
      turn.notice(() => {
        for (const check of this.#waiters) check();
      });
  }
}
