import { EventEmitter } from 'eventemitter3';
import { Attachment } from './attachment.ts';
import type { EndReason } from '../ending.ts';
import { emitSafely } from '../runtime/emitter.ts';
import { NotAppliedError, SessionGoneError, StoreUnavailableError } from '../errors.ts';
import { Gate } from './gate.ts';
import { Liveness } from './liveness.ts';
import { Runtime } from '../runtime/runtime.ts';
import type { Drive } from '../runtime/runtime.ts';
import type { SessionEvents, SessionOptions, SessionUser } from './events.ts';
import { Renewals } from './renewals.ts';
import { sessionTransition } from './machine.ts';
import { inJeopardy, initialSession, sessionAlarm, sessionCall } from './state.ts';
import type { SessionCall, SessionEvent, SessionState } from './state.ts';
import type { Key, StoreSession } from '../store.ts';

type Happening = SessionEvent extends infer E ? (E extends SessionEvent ? Omit<E, 'at'> : never) : never;

const CALLS_IN_FLIGHT = 256;

/** Keeps one session alive for everybody in this tenure, and a new one when that is gone. */
export class Session {
  readonly events: EventEmitter<SessionEvents> = new EventEmitter<SessionEvents>();
  /** For claims and releases, of which there may be thousands; renewals never wait. */
  readonly gate: Gate = new Gate(CALLS_IN_FLIGHT);
  readonly #options: SessionOptions;
  readonly #runtime: Runtime<Session, SessionState, Happening, SessionCall>;
  static readonly #drive: Drive<Session, SessionState, Happening, SessionCall> = {
    initial: initialSession,
    transition: (it, state, event, at) => sessionTransition(state, { at, ...event }, it.#options.timing),
    callOf: sessionCall,
    alarmOf: (state, it, at) => sessionAlarm(state, at, it.#options.timing),
    perform: (it, call, signal) => it.#perform(call, signal),
    onAlarm: (it) => ({ type: 'alarm', jitter: it.#options.chance.jitter() }),
    changed: (it, before, after) => it.#changed(before, after),
    abandoned: (it, call) => it.#abandoned(call),
  };
  readonly #users = new Set<SessionUser>();
  readonly #renewals = new Renewals();
  readonly #closed: Promise<void>;
  #resolveClosed: () => void = () => {};
  #attachment: Attachment | undefined;
  #liveness: Liveness | undefined;
  #lastError: unknown;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    this.#runtime = new Runtime(Session.#drive, this, options);
  }

  /** The store's session and the stretch it lives in, while that can be proven. */
  get current(): { readonly session: StoreSession; readonly liveness: Liveness } | undefined {
    const session = this.#attachment?.session;
    const liveness = this.#liveness;
    return session && liveness && !liveness.isOver ? { session, liveness } : undefined;
  }

  /** The store's session, proven or not: good enough to give something up. */
  get store(): StoreSession | undefined {
    return this.#attachment?.session;
  }

  get jeopardy(): boolean {
    return inJeopardy(this.#runtime.state);
  }

  /** Make sure that there is a session, and hear what becomes of it until {@link leave}. */
  use(user: SessionUser): void {
    this.#users.add(user);
    if (this.current) user.usable();
    // One that lives is wanted already, and its nonce would cost more than all the rest of a claim.
    if (this.#runtime.state.phase !== 'live') this.#dispatch({ type: 'want', nonce: this.#nonce() });
  }

  leave(user: SessionUser): void {
    this.#users.delete(user);
  }

  /** Whatever the store says, a deadline that has passed comes first: terms end by it, and say so. */
  look(): void {
    if (this.#liveness?.isOver) this.#dispatch({ type: 'lapsed' });
  }

  /** A claim that was abandoned unanswered may be applied after its release: release it again for a while (S6). */
  sweep(key: Key, claimId: string): void {
    this.#attachment?.sweep(key, claimId);
  }

  /** Renew now. Resolves with the next answered renewal, rejects with the next failed one. */
  async renew(): Promise<void> {
    if (!this.#attachment) {
      throw new StoreUnavailableError('there is no session to renew', { cause: this.#lastError });
    }
    const renewal = this.#renewals.next();
    this.#dispatch({ type: 'hint', byStore: false });
    await renewal;
  }

  /** From now on renew only with {@link renew}: a lease by hand. */
  renewByHand(): void {
    this.#dispatch({ type: 'manual' });
  }

  close(): Promise<void> {
    this.#dispatch({ type: 'close' });
    return this.#closed;
  }

  #nonce(): string {
    return this.#options.chance.hex(8);
  }

  #dispatch(happening: Happening): void {
    this.#runtime.dispatch(happening);
  }

  async #perform(call: SessionCall, signal: AbortSignal): Promise<Happening> {
    const { store, timing, name, namespace, clock, chance } = this.#options;
    // Before anything leaves this process: the TTL may have begun at any moment from here on (S1).
    const sentAt = clock.now();
    try {
      switch (call.verb) {
        case 'open': {
          const session = await store.open(
            { id: call.requestId, ttlMs: timing.ttlMs, name, namespace },
            signal,
          );
          if (signal.aborted) break;
          this.#drop();
          this.#attachment = new Attachment(session, this.#options, {
            gone: () => {
              this.look();
              this.#dispatch({ type: 'gone', nonce: this.#nonce() });
            },
            hint: () => this.#dispatch({ type: 'hint', byStore: true }),
          });
          const { id: sessionId, ttlMs, adopted } = session;
          return { type: 'opened', sessionId, ttlMs, adopted, sentAt };
        }
        case 'renew': {
          if (!this.#attachment) break;
          const { ttlMs, news } = await this.#attachment.session.renew(signal);
          if (signal.aborted) break;
          this.look();
          for (const item of news) for (const user of this.#users) user.news(item);
          return { type: 'renewed', ttlMs, sentAt };
        }
        case 'close':
          await this.#attachment?.session.close(signal);
          return { type: 'closed' };
      }
      return { type: 'failed', jitter: chance.jitter(), notApplied: false };
    } catch (error) {
      if (error instanceof SessionGoneError) {
        this.look();
        return { type: 'gone', nonce: this.#nonce() };
      }
      if (!signal.aborted) this.#trouble(error);
      return { type: 'failed', jitter: chance.jitter(), notApplied: error instanceof NotAppliedError };
    }
  }

  #abandoned({ verb }: SessionCall): void {
    const { phase } = this.#runtime.state;
    if (phase === 'opening' || phase === 'live') {
      this.#trouble(new StoreUnavailableError(`the store did not answer in time (${verb})`));
    }
  }

  #drop(): void {
    this.#attachment?.detach();
    this.#attachment = undefined;
  }

  #trouble(error: unknown): void {
    this.#lastError = error;
    for (const user of this.#users) user.trouble(error);
  }

  /** The session changed inside a turn. */
  #changed(before: SessionState, after: SessionState): void {
    const wasUsable = before.phase === 'live' && before.deadline !== undefined && before.lapsed === undefined;
    const isUsable = after.phase === 'live' && after.deadline !== undefined && after.lapsed === undefined;
    if (isUsable && wasUsable && after.stretch === before.stretch && this.#liveness) {
      this.#liveness.extend(after.deadline);
    } else if (isUsable) {
      this.#liveness?.end();
      this.#liveness = new Liveness(this.#options.clock, after.deadline);
      for (const user of this.#users) user.usable();
    } else if (before.phase === 'live' && after.phase === 'live' && after.lapsed && !before.lapsed) {
      this.#end(before.sessionId, false, after.lapsed);
    } else if (before.phase === 'live' && after.phase !== 'live') {
      this.#end(before.sessionId, true, after.phase === 'closing' ? 'closed' : 'session-invalidated');
    }
    this.#tell(before, after);
    if (after.phase === 'opening' && before.phase === 'live') this.#drop();
    if (after.phase === 'closed') {
      this.#drop();
      this.#runtime.halt();
      this.#resolveClosed();
    }
  }

  #end(id: string, gone: boolean, reason: EndReason): void {
    this.#liveness?.end();
    for (const user of this.#users) user.unusable(gone, reason);
    if (reason !== 'closed') this.#emit('invalidated', { id, reason });
  }

  #tell(before: SessionState, after: SessionState): void {
    if (after.phase === 'live' && before.phase !== 'live') {
      this.#emit('opened', { id: after.sessionId, ttlMs: this.#attachment?.session.ttlMs ?? 0 });
    }
    if (after.phase === 'closed') this.#emit('closed');
    if (before.phase === 'live' && after.phase !== 'live') this.#renewals.failed(this.#lastError);
    if (before.phase !== 'live' || after.phase !== 'live') return;
    // Answered: its call is over and what follows is not a retry.
    const renewed = before.call && before.call !== after.call && after.failures === 0 && !after.lapsed;
    if (renewed && after.deadline) {
      const remainingMs = this.#liveness?.remainingMs() ?? 0;
      this.#emit('renewed', { id: after.sessionId, remainingMs });
      this.#renewals.answered();
      this.#attachment?.releaseGhosts();
    }
    if (after.failures > before.failures) this.#renewals.failed(this.#lastError);
    if (inJeopardy(after) === inJeopardy(before)) return;
    if (inJeopardy(after)) {
      const error = this.#lastError ?? new StoreUnavailableError('the renewal was not answered in time');
      this.#emit('jeopardy', error);
      for (const user of this.#users) user.jeopardy(error);
    } else {
      this.#emit('secure');
      for (const user of this.#users) user.secure();
    }
  }

  #emit<Name extends keyof SessionEvents>(
    name: Name,
    ...args: EventEmitter.EventArgs<SessionEvents, Name>
  ): void {
    this.#options.turn.notice(() => emitSafely(this.events, this.#options.failed, name, ...args));
  }
}
