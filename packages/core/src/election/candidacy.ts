import { decodeCheckpoint } from '../checkpoint.ts';
import { rfc3339 } from '../clock.ts';
import { ElectionCalls } from './calls.ts';
import type { CallHost, ElectionHappening, Win } from './calls.ts';
import { electionTransition } from './machine.ts';
import { electionAlarm, electionCall, initialElection, isBusy } from './state.ts';
import type { ElectionCall, ElectionState } from './state.ts';
import type { EndReason } from '../ending.ts';
import { StoreUnavailableError } from '../errors.ts';
import type { Candidate } from '../leader.ts';
import { Runtime } from '../runtime/runtime.ts';
import type { Drive } from '../runtime/runtime.ts';
import type { SessionUser } from '../session/events.ts';
import type { ClaimNews, Held, Key } from '../store.ts';
import type { Follower } from './rounds.ts';
import type { CandidacyListener, Surroundings } from './surroundings.ts';
import { LiveTerm } from './term.ts';
import { TermVerbs } from './term-verbs.ts';
import type { TermKeeper } from './term-verbs.ts';

/** One candidate for one key: what elections and locks are made of. There may be ten thousand: what few need is made when they need it. */
export class Candidacy implements SessionUser, Follower, CallHost, TermKeeper {
  static readonly #drive: Drive<Candidacy, ElectionState, ElectionHappening, ElectionCall> = {
    initial: initialElection,
    transition: ({ around: { chance, nonce, timing } }, state, event, at) =>
      electionTransition(state, { at, jitter: chance.jitter(), nonce: nonce(), ...event }, timing),
    callOf: electionCall,
    alarmOf: electionAlarm,
    perform: (it, call, signal) => it.#calls.perform(call, signal),
    onAlarm: () => ({ type: 'alarm' }),
    changed: (it, before, after) => it.#changed(before, after),
    abandoned: (it, call) => it.#abandoned(call),
  };

  readonly key: Key;
  readonly candidate: Candidate;
  readonly around: Surroundings;
  readonly #onRelease: 'stop' | 'resign';
  readonly #runtime: Runtime<Candidacy, ElectionState, ElectionHappening, ElectionCall>;
  readonly #calls: ElectionCalls;
  #listeners: readonly CandidacyListener[] = [];
  #term: LiveTerm | undefined;
  #isOnSession = false;
  #lastTrouble: unknown;

  /**
   * `onRelease`: what `term.release()` does. An election's candidate stands back, for another term; a lock's leaves, and
   * stands for one term only, however that ends.
   */
  constructor(key: Key, candidate: Candidate, onRelease: 'stop' | 'resign', around: Surroundings) {
    this.key = key;
    this.candidate = candidate;
    this.around = around;
    this.#onRelease = onRelease;
    this.#calls = new ElectionCalls(this);
    this.#runtime = new Runtime(Candidacy.#drive, this, around);
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
    return this.around.session.jeopardy;
  }

  /** Returns the leaving. */
  listen(listener: CandidacyListener): () => void {
    this.#listeners = [...this.#listeners, listener];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== listener);
    };
  }

  /** @throws ClosedError */
  start(): void {
    this.around.refuseClosed();
    if (!this.#isOnSession) {
      this.#isOnSession = true;
      this.#dispatch({ type: 'unusable', gone: true, reason: 'session-invalidated' });
      this.around.session.use(this);
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
    this.around.session.look();
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
    this.around.turn.take(() => {
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

  won({ granted, liveness, acquiredAt }: Win): void {
    const { token, claimId, checkpoint } = granted;
    const { key, candidate } = this;
    const found = decodeCheckpoint(checkpoint);
    const verbs = new TermVerbs(this, granted, found);
    this.#term = new LiveTerm(verbs, liveness, {
      key: key.name,
      token,
      candidate,
      acquiredAt,
      found,
      claimId,
    });
    verbs.begin(this.#term);
  }

  sent(call: ElectionCall): void {
    this.#dispatch({ type: 'sent', call });
  }

  /** The work that asks may be what the term waits for: it must not wait for itself. */
  async giveUpTerm(): Promise<void> {
    const released = this[this.#onRelease]();
    const { state } = this;
    if (!(state.phase === 'leading' && isBusy(state))) await released;
  }

  hold(claimId: string): void {
    this.#dispatch({ type: 'hold', claimId });
  }

  letGo(claimId: string): void {
    this.#dispatch({ type: 'let-go', claimId });
  }

  superseded(claimId: string): void {
    this.news({ claimId, what: 'superseded' });
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
    for (const listener of this.#listeners) this.around.turn.notice(() => tell(listener));
  }

  /** Whoever holds nothing that the store could still be told about has let go; also who stands again already. */
  #letGo(): Promise<void> {
    const hasLetGo = (): boolean => {
      const { phase, usable } = this.state;
      return phase !== 'leading' && !(phase === 'releasing' && usable);
    };
    return new Promise((resolve) => {
      if (hasLetGo()) return resolve();
      const unlisten = this.listen({
        moved: () => {
          if (!hasLetGo()) return;
          unlisten();
          resolve();
        },
      });
    });
  }

  #abandoned(call: ElectionCall): void {
    this.#calls.giveUp(call);
    if (call.verb === 'claim' && this.state.phase === 'claiming') {
      const waitedMs = Math.round(this.around.timing.patienceMs);
      this.trouble(new StoreUnavailableError(`the claim was not answered within ${waitedMs} ms`));
    }
  }

  #changed(before: ElectionState, after: ElectionState): void {
    const { turn, clock } = this.around;
    const term = this.#term;
    if (after.phase === 'leading' && before.phase !== 'leading' && term) {
      this.#lastTrouble = undefined;
      this.#tell((listener) => listener.acquired?.(term));
    }
    if (before.phase === 'leading' && after.phase !== 'leading' && term && after.last) {
      const cause = after.last.kind === 'lost' ? this.#lastTrouble : undefined;
      const end = term.finish(after.last, rfc3339(clock.now()), cause);
      turn.abort(() => term.abort(end));
      if (this.#onRelease === 'stop') turn.notice(() => void this.stop());
      this.#tell((listener) => listener.ended?.(end));
    }
    if (after.phase === 'leading' && before.phase === 'leading' && after.winding && !before.winding && term) {
      const { reason } = after.winding;
      turn.abort(() => term.askToStop(reason));
    }
    if (before.phase === 'idle' && after.phase !== 'idle') turn.notice(() => this.around.standing.add(this));
    if (after.phase === 'idle' && before.phase !== 'idle') {
      this.around.session.leave(this);
      this.#isOnSession = false;
      turn.notice(() => this.around.standing.delete(this));
      this.#tell((listener) => listener.left?.());
    }
    if (before.phase === 'following' || after.phase === 'following')
      turn.notice(() => this.around.rounds.moved(this));
    for (const listener of this.#listeners) if (listener.moved) turn.notice(() => listener.moved?.());
  }
}
