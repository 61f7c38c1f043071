import { encodeCheckpoint, withValue } from '../checkpoint.ts';
import type { Checkpoint } from '../checkpoint.ts';
import {
  AccessDeniedError,
  ClaimLostError,
  InvalidArgumentError,
  SessionGoneError,
  ValueTooLargeError,
} from '../errors.ts';
import type { Surroundings } from './surroundings.ts';
import { bounded, pause } from '../runtime/patience.ts';
import { checkRecord, decodeValue, encodeValue } from '../value.ts';
import type { Json } from '../record.ts';
import type { Granted, StoreSession } from '../store.ts';
import type { LiveTerm, TermHost } from './term.ts';
import { backOffMs, provableMs } from '../timing.ts';

/** The candidate that won the term. */
export interface TermKeeper {
  readonly around: Surroundings;
  trouble(error: unknown): void;
  giveUpTerm(): Promise<void>;
  /** A piece of work wants that claim's term held, until it lets go. */
  hold(claimId: string): void;
  letGo(claimId: string): void;
  superseded(claimId: string): void;
}

const NOTHING: Promise<void> = Promise.resolve();

type Verb = (session: StoreSession, signal: AbortSignal) => Promise<void>;

/** Answers that repeating would not change. */
const isRefusal = (error: unknown): boolean =>
  error instanceof InvalidArgumentError ||
  error instanceof ValueTooLargeError ||
  error instanceof AccessDeniedError;

/** What one term can ask of the store while it lasts. */
export class TermVerbs implements TermHost {
  readonly #keeper: TermKeeper;
  readonly #granted: Granted;
  /** What the store has, as far as it has answered. */
  #checkpoint: Checkpoint;
  #sequence = 0;
  #writes = NOTHING;

  constructor(keeper: TermKeeper, granted: Granted, found: Checkpoint) {
    this.#keeper = keeper;
    this.#granted = granted;
    this.#checkpoint = found;
  }

  begin(term: LiveTerm): void {
    if (!this.#granted.announced) {
      // What others see says when we began to wait, not when we won.
      this.announce(term, term.candidate.metadata).catch(() => {});
    }
  }

  async ensure(term: LiveTerm, ms: number): Promise<void> {
    const { session, timing } = this.#keeper.around;
    const mostMs = provableMs(timing.ttlMs, timing);
    if (ms !== Infinity && !(ms >= 0 && ms < mostMs)) {
      throw new InvalidArgumentError(
        `ensure: with ttlMs ${timing.ttlMs} a term can be sure of less than ${Math.floor(mostMs)} ms, not of ${ms}`,
      );
    }
    if (!term.isCurrent()) throw term.lostError();
    const enough = (): boolean => !term.isCurrent() || (ms !== Infinity && term.remainingMs() >= ms);
    // Asking once may join a renewal that left too early.
    for (let tries = 0; tries < (ms === Infinity ? 1 : 3) && !enough(); tries++) await session.renew();
    if (!term.isCurrent()) throw term.lostError();
  }

  async save(term: LiveTerm, value: Json, slot?: string): Promise<void> {
    const { traits } = this.#keeper.around.store;
    // As it is now: the caller may change it while other writes are under way.
    const saved = decodeValue(encodeValue('checkpoint', value, traits));
    const granted = this.#granted;
    if (!term.isCurrent()) throw term.lostError();
    await this.#inTurn(async () => {
      // In turn, so that it brings along what the saves before it have left in other slots.
      const next = withValue(this.#checkpoint, saved, slot);
      const text = encodeCheckpoint(next, traits);
      const sequence = (this.#sequence += 1);
      await this.#insist(term, (session, signal) => session.save(granted, text, sequence, signal));
      this.#checkpoint = next;
    });
  }

  hold(term: LiveTerm, work: Promise<unknown>): void {
    if (!term.isCurrent()) throw term.lostError();
    const letGo = (): void => this.#keeper.letGo(term.claimId);
    this.#keeper.hold(term.claimId);
    work.then(letGo, letGo);
  }

  async announce(term: LiveTerm, metadata: Json | undefined): Promise<void> {
    const { id } = term.candidate;
    const granted = this.#granted;
    const candidate = { id, ...(metadata === undefined ? {} : { metadata }) };
    checkRecord(candidate, this.#keeper.around.store.traits);
    if (!term.isCurrent()) throw term.lostError();
    const record = { ...candidate, claimId: granted.claimId, acquiredAt: term.acquiredAt };
    await this.#inTurn(() =>
      this.#insist(term, (session, signal) => session.announce(granted, record, signal)),
    );
  }

  async release(term: LiveTerm): Promise<void> {
    if (term.end === undefined) await this.#keeper.giveUpTerm();
  }

  /** One after another: what is unanswered is settled before the next is sent (S8). */
  #inTurn(write: () => Promise<void>): Promise<void> {
    const turn = this.#writes.then(write);
    this.#writes = turn.catch(() => {});
    return turn;
  }

  /** Until the store has answered or the term is over. Both verbs are harmless when repeated. */
  async #insist(term: LiveTerm, verb: Verb): Promise<void> {
    const { session, clock, chance, timing } = this.#keeper.around;
    for (let failures = 0; ; failures++) {
      const { store } = session;
      if (!term.isCurrent() || !store) throw term.lostError();
      try {
        await bounded(clock, timing.patienceMs, (signal) => verb(store, signal), term.over);
        return;
      } catch (error) {
        if (isRefusal(error)) throw error;
        if (error instanceof ClaimLostError || error instanceof SessionGoneError) {
          this.#keeper.superseded(term.claimId);
          throw term.lostError(error);
        }
        if (term.over.aborted) throw term.lostError(error);
        this.#keeper.trouble(error);
        await pause(clock, backOffMs(failures, chance.jitter(), timing), term.over).catch(() => {});
      }
    }
  }
}
