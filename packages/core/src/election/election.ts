import type { Observable } from 'rxjs';
import type { EventEmitter } from 'eventemitter3';
import type { Candidacy } from './candidacy.ts';
import { InvalidArgumentError } from '../errors.ts';
import type { TenureError } from '../errors.ts';
import { lead } from './lead.ts';
import type { Leader } from '../leader.ts';
import type { Observations } from '../observe.ts';
import { refuseUnknown } from '../options.ts';
import { Streams } from './streams.ts';
import type { ElectionEvents, Standing } from './streams.ts';
import type { Term, TermEnd } from './term.ts';
import { nextTerm } from './work.ts';

/** A candidate that keeps trying to hold a key, and the streams of what becomes of it. Nothing happens before `start`, `lead` or `terms`. */
export class Election {
  readonly #candidacy: Candidacy;
  readonly #observations: Observations;
  #streams: Streams | undefined;
  #leader: Observable<Leader | undefined> | undefined;
  #working = false;

  /** @internal */
  constructor(candidacy: Candidacy, observations: Observations) {
    this.#candidacy = candidacy;
    this.#observations = observations;
  }

  get key(): string {
    return this.#candidacy.key.name;
  }

  /** Terms as they are won. Hot; a late subscriber gets the current term, if there is one. */
  get acquired(): Observable<Term> {
    return this.#told.acquiredStream;
  }

  /** Terms that we gave up. */
  get released(): Observable<TermEnd> {
    return this.#told.releasedStream;
  }

  /** Terms that were taken, expired or cannot be proven any more. */
  get lost(): Observable<TermEnd> {
    return this.#told.lostStream;
  }

  /** Where we stand; the current value first. */
  get standing(): Observable<Standing> {
    return this.#told.standingStream;
  }

  /** Who leads, whoever it is; the current value first. */
  get leader(): Observable<Leader | undefined> {
    return (this.#leader ??= this.#observations.leader(this.#candidacy.key));
  }

  /** Trouble that is being retried, and what listeners threw. Never ends the other streams. */
  get errors(): Observable<TenureError> {
    return this.#told.errorStream;
  }

  /** Made when somebody listens: an election that only leads its work needs none. */
  get #told(): Streams {
    return (this.#streams ??= new Streams(this.#candidacy));
  }

  /** The current term; undefined as soon as the clock says that it is over, whatever was emitted so far. */
  get term(): Term | undefined {
    return this.#candidacy.term;
  }

  /** Stand for election, until `stop`. Lost and released terms are followed by new attempts. @throws ClosedError */
  start(): void {
    this.#candidacy.start();
  }

  /**
   * Give up the term but stay a candidate, standing back until another term has begun or one TTL has passed.
   * With `lead`, the key is given up when the work has settled (which must not wait for this). Resolves when the
   * store has let go, or would by itself.
   */
  resign(): Promise<void> {
    return this.#candidacy.resign();
  }

  /** Leave, giving up the term if there is one. Resolves like {@link resign}. */
  stop(): Promise<void> {
    return this.#candidacy.stop();
  }

  /**
   * Stand for election and run `work` for each term. The key is held until the work has settled. Work that returns
   * resigns and stands again. Resolves when the candidate leaves (`stop`, `close`).
   * @throws what `work` throws, after resigning; `TermLostError` when the term was lost before the work settled, even
   * if it resolved; the signal's own reason when that aborts; `InvalidArgumentError` while another `lead` runs.
   */
  async lead(
    work: (term: Term) => Promise<void> | void,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    refuseUnknown('lead', options, ['signal']);
    if (typeof work !== 'function')
      throw new InvalidArgumentError(`lead needs a function, got ${typeof work}`);
    if (this.#working)
      throw new InvalidArgumentError(`"${this.key}" is led by another lead() of this candidate already`);
    this.#working = true;
    try {
      await lead(this.#candidacy, work, options.signal);
    } finally {
      this.#working = false;
    }
  }

  /**
   * Stand for election and iterate over the terms that are won, each while it is current. Leaving the loop stops the
   * candidate. @throws the signal's own reason when that aborts.
   */
  async *terms(options: { readonly signal?: AbortSignal } = {}): AsyncGenerator<Term, void, undefined> {
    refuseUnknown('terms', options, ['signal']);
    const { signal } = options;
    signal?.throwIfAborted();
    const leave = (): void => void this.stop();
    signal?.addEventListener('abort', leave, { once: true });
    this.start();
    try {
      let last: Term | undefined;
      for (;;) {
        const term = await nextTerm(this.#candidacy, last);
        if (!term) break;
        last = term;
        yield term;
      }
    } finally {
      signal?.removeEventListener('abort', leave);
      await this.stop();
    }
    signal?.throwIfAborted();
  }

  on<Name extends keyof ElectionEvents>(
    name: Name,
    listener: EventEmitter.EventListener<ElectionEvents, Name>,
  ): this {
    this.#told.emitter.on(name, listener);
    return this;
  }

  once<Name extends keyof ElectionEvents>(
    name: Name,
    listener: EventEmitter.EventListener<ElectionEvents, Name>,
  ): this {
    this.#told.emitter.once(name, listener);
    return this;
  }

  off<Name extends keyof ElectionEvents>(
    name: Name,
    listener?: EventEmitter.EventListener<ElectionEvents, Name>,
  ): this {
    this.#told.emitter.off(name, listener);
    return this;
  }
}
