import { rfc3339 } from '../clock.ts';
import type { ElectionCall, ElectionEvent } from './state.ts';
import { ClaimLostError, NotAppliedError, SessionGoneError } from '../errors.ts';
import type { Candidate } from '../leader.ts';
import type { Place } from '../session/gate.ts';
import type { Liveness } from '../session/liveness.ts';
import type { Surroundings } from './surroundings.ts';
import { decodeRecord } from '../record.ts';
import type { Granted, Held, Key, StoreSession } from '../store.ts';

/** An event without what the runtime adds to it. */
export type ElectionHappening = ElectionEvent extends infer E
  ? E extends ElectionEvent
    ? Omit<E, 'at' | 'jitter' | 'nonce'>
    : never
  : never;

/** A claim that was granted while its session was provably alive. */
export interface Win {
  readonly granted: Granted;
  readonly liveness: Liveness;
  readonly acquiredAt: string;
}

/** Whose calls they are. */
export interface CallHost {
  readonly key: Key;
  readonly candidate: Candidate;
  readonly around: Surroundings;
  readonly won: (win: Win) => void;
  readonly trouble: (error: unknown) => void;
  readonly sent: (call: ElectionCall) => void;
}

/** Makes a candidate's calls to the store, and says what came of them. */
export class ElectionCalls {
  readonly #host: CallHost;
  /** Claims that were abandoned before their answer: they may be applied at any later moment. */
  #suspects: Set<string> | undefined;
  #place: Place | undefined;

  constructor(host: CallHost) {
    this.#host = host;
  }

  /** The call in flight will not be waited for. It makes room at once, even if the store goes on with it. */
  giveUp(call: ElectionCall): void {
    this.#place?.leave('given up');
    if (call.verb === 'claim') this.#suspects = (this.#suspects ?? new Set()).add(call.claimId);
  }

  /** Never rejects. */
  async perform(call: ElectionCall, signal: AbortSignal): Promise<ElectionHappening> {
    const { session } = this.#host.around;
    try {
      switch (call.verb) {
        case 'claim':
          return await this.#send(call, signal, () => this.#claim(call.claimId, signal));
        case 'park':
          if (!session.store) break;
          await session.store.park(call.held, signal);
          return { type: 'woke' };
        case 'release':
          return await this.#send(call, signal, () => this.#release(call.claimId, signal));
        case 'lookout':
          return await this.#lookOut(call.token, signal);
      }
      return { type: 'failed', notApplied: false };
    } catch (error) {
      if (call.verb === 'claim' && error instanceof ClaimLostError) return { type: 'void' };
      // The session finds out for itself, and tells every candidate.
      if (error instanceof SessionGoneError) session.renew().catch(() => {});
      else if (!signal.aborted) this.#host.trouble(error);
      return { type: 'failed', notApplied: error instanceof NotAppliedError };
    }
  }

  /** In its turn. */
  async #send(
    call: ElectionCall,
    signal: AbortSignal,
    ask: () => Promise<ElectionHappening>,
  ): Promise<ElectionHappening> {
    const place = await this.#host.around.session.gate.enter(signal);
    this.#place = place;
    this.#host.sent(call);
    try {
      return await ask();
    } finally {
      place.leave('answered');
      if (this.#place === place) this.#place = undefined;
    }
  }

  /** Until somebody's later term has begun, and be it one that was over before it could be seen. */
  async #lookOut(token: bigint, signal: AbortSignal): Promise<ElectionHappening> {
    let wasFree = false;
    for await (const holder of this.#host.around.store.watch(this.#host.key, signal)) {
      if (holder ? holder.token > token : wasFree) return { type: 'succeeded' };
      wasFree = holder === undefined;
    }
    return { type: 'failed', notApplied: false };
  }

  async #release(claimId: string, signal: AbortSignal): Promise<ElectionHappening> {
    const { session } = this.#host.around;
    await session.store?.release(this.#host.key, claimId, signal);
    if (this.#suspects?.delete(claimId)) session.sweep(this.#host.key, claimId);
    return { type: 'released' };
  }

  /**
   * A request that was delivered once more after its claim was released, or a store that came back with old data, has
   * the key held by a claim of ours that nobody would release again. True when it was.
   */
  async #freeStray({ holder }: Held, session: StoreSession, signal: AbortSignal): Promise<boolean> {
    const claimId = holder && decodeRecord(holder.value)?.claimId;
    if (claimId === undefined || !this.#host.around.isStray(claimId)) return false;
    await session.release(this.#host.key, claimId, signal);
    return true;
  }

  async #claim(claimId: string, signal: AbortSignal): Promise<ElectionHappening> {
    const { session, clock, reclaim } = this.#host.around;
    const { current } = session;
    if (!current) return { type: 'failed', notApplied: true };
    const acquiredAt = rfc3339(clock.now());
    const { id, metadata } = this.#host.candidate;
    const proposal =
      metadata === undefined ? { id, claimId, acquiredAt } : { id, metadata, claimId, acquiredAt };
    const ask = () => current.session.claim(this.#host.key, proposal, signal);
    let answer = await ask();
    if (answer.outcome === 'held' && (await reclaim?.from(answer, signal))) answer = await ask();
    if (answer.outcome === 'held' && (await this.#freeStray(answer, current.session, signal)))
      answer = await ask();
    if (answer.outcome === 'held') return { type: 'held', held: answer };
    // Only the session's own deadline counts: an answer that comes after it is no term (S1).
    if (current.liveness.isOver) return { type: 'failed', notApplied: false };
    if (!signal.aborted) this.#host.won({ granted: answer, liveness: current.liveness, acquiredAt });
    return { type: 'granted', granted: answer };
  }
}
