import type { Checkpoint } from '../checkpoint.ts';
import { ClosedError, TenureError } from '../errors.ts';
import type { EndReason, Ending } from '../ending.ts';
import type { Candidate } from '../leader.ts';
import { LateSignal } from './late-signal.ts';
import { checkName } from '../options.ts';
import type { Liveness } from '../session/liveness.ts';
import type { Json } from '../record.ts';

/** One uninterrupted stretch of holding a key. */
export interface Term {
  readonly key: string;
  /** Fencing token: greater than every token granted before for this key. Send it with every write, so that the resource can refuse a leader of the past. */
  readonly token: bigint;
  readonly candidate: Candidate;
  /** RFC 3339, by this machine's wall clock. */
  readonly acquiredAt: string;
  /** Aborts as soon as work must stop: the term is over, or was asked to end and waits for its work. */
  readonly signal: AbortSignal;
  /** Whether this term still holds the key, by the clock, now. */
  isCurrent(): boolean;
  /** Milliseconds until this term lapses unless it is renewed; 0 once it is over. */
  remainingMs(): number;
  /**
   * Make sure of at least `ms` milliseconds, renewing early if need be.
   * @throws InvalidArgumentError when a TTL never gives that much; StoreUnavailableError when the renewal fails; TermLostError when the term is over.
   */
  ensure(ms: number): Promise<void>;
  /** What the last term that saved something left; undefined when nobody has. */
  readonly checkpoint: Json | undefined;
  /**
   * Leave a small JSON value for the successor. Insists until the store has it or the term is over; saves are sent one after another.
   * @throws TermLostError, ValueTooLargeError, InvalidArgumentError
   */
  save(value: Json): Promise<void>;
  /**
   * A checkpoint of its own under a name, for libraries that save beside the user's `save`: `@tenure/scheduler` keeps
   * its ticks so. All slots and the checkpoint itself share one value in the store, and its limit.
   */
  slot(name: string): Slot;
  /**
   * Hold the key until `work` has settled, also when the term is asked to end meanwhile (`resign`, `stop`, `close`,
   * `evict`): for work that is not run by `lead`. `signal` aborts when it should stop. A term that is lost waits for
   * nobody. How the work settles is not looked at. @throws TermLostError when the term is over already.
   */
  waitUntil(work: Promise<unknown>): void;
  /** Change the metadata that observers see. @throws TermLostError, ValueTooLargeError, InvalidArgumentError */
  announce(metadata: Json): Promise<void>;
  /**
   * Give it up. Resolves when the store has let go, or would have by itself; inside the work of `lead` and `run` at
   * once, for there the key is given up when the work has settled. Releasing a lapsed term is not an error.
   */
  release(): Promise<void>;
  /** Renew now. @throws StoreUnavailableError, TermLostError */
  extend(): Promise<void>;
  /** How it ended. Never rejects. */
  readonly ended: Promise<TermEnd>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A checkpoint beside the term's own. */
export interface Slot {
  /** What the last term that saved something in this slot left; undefined when nobody has. */
  readonly checkpoint: Json | undefined;
  /** As `term.save`. @throws TermLostError, ValueTooLargeError, InvalidArgumentError */
  save(value: Json): Promise<void>;
}

export interface TermEnd {
  readonly term: Term;
  /** `released`: we gave it up. `lost`: it was taken, expired or cannot be proven any more. */
  readonly kind: 'released' | 'lost';
  readonly reason: EndReason;
  /** RFC 3339, by this machine's wall clock. */
  readonly at: string;
  readonly cause?: unknown;
  /** True when its work was told to stop and had not when the key went: only the token protects then. */
  readonly overrun?: boolean;
}

/** The term ended while its work, or a verb, needed it. */
export class TermLostError extends TenureError {
  static override readonly code = 'TERM_LOST';
  override readonly name = 'TermLostError';
  readonly token: bigint;
  readonly reason: EndReason;
  readonly end: TermEnd;

  constructor(end: TermEnd, options?: ErrorOptions) {
    const { term, reason, overrun } = end;
    const late = overrun ? ', while its work was still running' : '';
    super(TermLostError.code, `term ${term.token} of "${term.key}" is over: ${reason}${late}`, options);
    this.token = term.token;
    this.reason = reason;
    this.end = end;
  }
}

/** What a term needs from the candidate that won it. */
export interface TermHost {
  ensure(term: LiveTerm, ms: number): Promise<void>;
  /** Without `slot`: the term's own checkpoint. */
  save(term: LiveTerm, value: Json, slot?: string): Promise<void>;
  hold(term: LiveTerm, work: Promise<unknown>): void;
  announce(term: LiveTerm, metadata: Json): Promise<void>;
  release(term: LiveTerm): Promise<void>;
}

export class LiveTerm implements Term {
  readonly key: string;
  readonly token: bigint;
  readonly candidate: Candidate;
  readonly acquiredAt: string;
  readonly claimId: string;
  readonly #host: TermHost;
  readonly #liveness: Liveness;
  readonly #found: Checkpoint;
  /** Aborts when work must stop. */
  #stop: LateSignal | undefined;
  /** Aborts when the key is no longer ours. */
  #over: LateSignal | undefined;
  #end: TermEnd | undefined;
  #isTold = false;
  #ended: { readonly promise: Promise<TermEnd>; readonly resolve: (end: TermEnd) => void } | undefined;

  constructor(
    host: TermHost,
    liveness: Liveness,
    facts: Pick<Term, 'key' | 'token' | 'candidate' | 'acquiredAt'> & {
      readonly claimId: string;
      readonly found: Checkpoint;
    },
  ) {
    this.#host = host;
    this.#liveness = liveness;
    this.key = facts.key;
    this.token = facts.token;
    this.candidate = facts.candidate;
    this.acquiredAt = facts.acquiredAt;
    this.#found = facts.found;
    this.claimId = facts.claimId;
  }

  get checkpoint(): Json | undefined {
    return this.#found.value;
  }

  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** For verbs that may go on while the work winds down. */
  get over(): AbortSignal {
    return this.#ending.signal;
  }

  get ended(): Promise<TermEnd> {
    if (!this.#ended) {
      let resolve!: (end: TermEnd) => void;
      this.#ended = { promise: new Promise((done) => (resolve = done)), resolve };
      if (this.#isTold && this.#end) resolve(this.#end);
    }
    return this.#ended.promise;
  }

  get end(): TermEnd | undefined {
    return this.#end;
  }

  get #stopping(): LateSignal {
    return (this.#stop ??= new LateSignal());
  }

  get #ending(): LateSignal {
    return (this.#over ??= new LateSignal());
  }

  isCurrent(): boolean {
    return this.#end === undefined && !this.#liveness.isOver;
  }

  remainingMs(): number {
    return this.#end ? 0 : this.#liveness.remainingMs();
  }

  ensure(ms: number): Promise<void> {
    return this.#host.ensure(this, ms);
  }

  extend(): Promise<void> {
    return this.#host.ensure(this, Infinity);
  }

  save(value: Json): Promise<void> {
    return this.#host.save(this, value);
  }

  slot(name: string): Slot {
    checkName('slot', name);
    return {
      checkpoint: this.#found.slots.get(name),
      save: (value) => this.#host.save(this, value, name),
    };
  }

  waitUntil(work: Promise<unknown>): void {
    this.#host.hold(this, work);
  }

  announce(metadata: Json): Promise<void> {
    return this.#host.announce(this, metadata);
  }

  release(): Promise<void> {
    return this.#host.release(this);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  lostError(cause?: unknown): TermLostError {
    const end = this.#end ?? { term: this, kind: 'lost', reason: 'expired', at: this.acquiredAt };
    return new TermLostError(end, cause === undefined ? undefined : { cause });
  }

  /** The term is over. From here on every read says so; the signals follow with {@link abort}. */
  finish({ kind, reason, overrun }: Ending, at: string, cause: unknown): TermEnd {
    this.#end ??= {
      term: this,
      kind,
      reason,
      at,
      ...(cause === undefined ? {} : { cause }),
      ...(overrun ? { overrun } : {}),
    };
    return this.#end;
  }

  /** Tell the work to stop; the key may still be held. */
  askToStop(reason: EndReason): void {
    this.#stopping.abort(
      () => new ClosedError(`term ${this.token} of "${this.key}" was asked to end: ${reason}`),
    );
  }

  abort(end: TermEnd): void {
    let error: Error | undefined;
    const reason = (): Error =>
      (error ??=
        end.kind === 'lost'
          ? new TermLostError(end)
          : new ClosedError(`term ${this.token} of "${this.key}" was given up: ${end.reason}`));
    this.#stopping.abort(reason);
    this.#ending.abort(reason);
    this.#isTold = true;
    this.#ended?.resolve(end);
  }
}
