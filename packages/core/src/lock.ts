import { later } from './clock.ts';
import type { Clock } from './clock.ts';
import type { Candidacy } from './election/candidacy.ts';
import {
  AccessDeniedError,
  ClosedError,
  InvalidArgumentError,
  LockTimeoutError,
  StoreUnavailableError,
} from './errors.ts';
import { checkMs, refuseUnknown } from './options.ts';
import type { LiveTerm, Term } from './election/term.ts';
import { obeyed, refuseLost, settle } from './election/work.ts';
import { messageOf } from './errors.ts';

export interface AcquireOptions {
  /**
   * How long to wait for our turn, in milliseconds. The store is asked once in any case, so that 0 takes a key that is
   * free and waits for nobody. @default for ever
   */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
  /** With `renew: false`: a TTL of its own, in milliseconds. @default the tenure's */
  readonly ttlMs?: number;
  /** `false`: a lease by hand. It lives on a session of its own and ends at its TTL unless `term.extend()`. @default true */
  readonly renew?: boolean;
}

export interface RunOptions {
  /** As of {@link AcquireOptions}. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
  /** After so long the work is told to stop, in milliseconds. @default never */
  readonly maxHoldMs?: number;
  /** How long after that the lock is given up although the work goes on. @default the tenure's `graceMs` */
  readonly graceMs?: number;
}

/** @internal A candidate on a session of its own. */
interface ByHand {
  readonly candidacy: Candidacy;
  /** The lock is ours: one fresh TTL, and from now on only what the user asks for. */
  readonly won: () => Promise<void>;
  /** End the session. */
  readonly dispose: () => Promise<void>;
}

/** @internal What a lock needs from its tenure. */
export interface LockHost {
  readonly clock: Clock;
  readonly graceMs: number;
  /** A new candidate on the tenure's session. */
  readonly candidacy: () => Candidacy;
  /** A new candidate on a session of its own, which `dispose` ends. */
  readonly byHand: (ttlMs: number | undefined) => ByHand;
}

/** The exclusive right to a key. A lock and an election of one key contend; so do two acquisitions of one lock. */
export class Lock {
  readonly key: string;
  readonly #host: LockHost;

  /** @internal */
  constructor(key: string, host: LockHost) {
    this.key = key;
    this.#host = host;
  }

  /**
   * Wait for our turn, through trouble with the store too.
   * @throws LockTimeoutError after `waitMs`; AccessDeniedError at once; the signal's own reason; ClosedError.
   */
  async acquire(options: AcquireOptions = {}): Promise<Term> {
    refuseUnknown('acquire', options, ['waitMs', 'signal', 'ttlMs', 'renew']);
    const { waitMs, signal, ttlMs, renew = true } = options;
    checkMs('waitMs', waitMs);
    if (renew && ttlMs !== undefined) {
      throw new InvalidArgumentError(
        `acquire takes ttlMs only with renew: false; the tenure's own TTL is renewed (got ttlMs ${ttlMs})`,
      );
    }
    signal?.throwIfAborted();
    if (renew) return this.#acquire(this.#host.candidacy(), waitMs, signal);
    const { candidacy, won, dispose } = this.#host.byHand(ttlMs);
    try {
      const term = await this.#acquire(candidacy, waitMs, signal);
      await won();
      void term.ended.then(() => dispose());
      return term;
    } catch (error) {
      await dispose();
      throw error;
    }
  }

  /**
   * The term, or undefined when someone else holds the key.
   * @throws StoreUnavailableError when the store did not answer within one verb's patience; AccessDeniedError; ClosedError.
   */
  async tryAcquire(): Promise<Term | undefined> {
    const candidacy = this.#host.candidacy();
    const outcome = await new Promise<LiveTerm | Error | undefined>((resolve) => {
      const unlisten = candidacy.listen({
        acquired: (term) => done(term),
        moved: () => {
          if (candidacy.state.phase === 'following') done(undefined);
        },
        left: () => done(this.#closed()),
        trouble: (error) =>
          done(
            isFinal(error)
              ? error
              : new StoreUnavailableError(`"${this.key}" could not be asked for: ${messageOf(error)}`, {
                  cause: error,
                }),
          ),
      });
      const done = (result: LiveTerm | Error | undefined): void => {
        unlisten();
        resolve(result);
      };
      candidacy.start();
    });
    if (outcome !== undefined && !(outcome instanceof Error)) return outcome;
    await candidacy.stop();
    if (outcome instanceof Error) throw outcome;
    return undefined;
  }

  /**
   * Run `work` while holding the lock, and hold it until the work has settled.
   * @returns what `work` returns.
   * @throws what `work` throws; TermLostError when the term was lost, or given up at `maxHoldMs + graceMs`, before the
   * work settled, even if it resolved; and what {@link acquire} throws.
   */
  async run<T>(work: (term: Term) => Promise<T> | T, options: RunOptions = {}): Promise<T> {
    refuseUnknown('run', options, ['waitMs', 'signal', 'maxHoldMs', 'graceMs']);
    const { waitMs, signal, maxHoldMs, graceMs = this.#host.graceMs } = options;
    checkMs('waitMs', waitMs);
    checkMs('maxHoldMs', maxHoldMs);
    checkMs('graceMs', graceMs);
    if (typeof work !== 'function')
      throw new InvalidArgumentError(`run needs a function, got ${typeof work}`);
    signal?.throwIfAborted();
    const { clock } = this.#host;
    const candidacy = this.#host.candidacy();
    candidacy.guard();
    const term = await this.#acquire(candidacy, waitMs, signal);
    const stop = (): void => void candidacy.stop();
    signal?.addEventListener('abort', stop, { once: true });
    // It may have aborted while the term was handed to us.
    if (signal?.aborted) stop();
    const calm =
      maxHoldMs === undefined
        ? () => {}
        : clock.alarm(later(clock.now(), maxHoldMs), () => candidacy.holdOver(graceMs));
    const outcome = await settle(work, term);
    calm();
    signal?.removeEventListener('abort', stop);
    candidacy.settled();
    await candidacy.stop();
    refuseLost(outcome, term);
    // Work that stopped because it was told to has no reason of its own.
    if (!outcome.ok) throw signal?.aborted && obeyed(outcome, term) ? signal.reason : outcome.error;
    return outcome.value;
  }

  async #acquire(
    candidacy: Candidacy,
    waitMs: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<LiveTerm> {
    const { clock } = this.#host;
    const outcome = await new Promise<LiveTerm | { readonly thrown: unknown }>((resolve) => {
      const done = (result: LiveTerm | { readonly thrown: unknown }): void => {
        calm();
        unlisten();
        signal?.removeEventListener('abort', onAbort);
        resolve(result);
      };
      const onAbort = (): void => done({ thrown: signal?.reason });
      let isUp = false;
      /** The time is up; and nobody who might have won at once is sent away unheard. */
      const giveUp = (): void => {
        const { state, lastTrouble } = candidacy;
        const answered = 'held' in state && state.held !== undefined;
        if (isUp && (answered || lastTrouble !== undefined)) {
          done({ thrown: this.#timeout(waitMs, lastTrouble) });
        }
      };
      const unlisten = candidacy.listen({
        acquired: done,
        left: () => done({ thrown: this.#closed() }),
        moved: giveUp,
        trouble: (error) => {
          // Waiting does not mend a wrong password, nor a store that was closed.
          if (isFinal(error)) done({ thrown: error });
          else giveUp();
        },
      });
      const timeIsUp = (): void => {
        isUp = true;
        giveUp();
      };
      const calm = waitMs === undefined ? () => {} : clock.alarm(later(clock.now(), waitMs), timeIsUp);
      signal?.addEventListener('abort', onAbort, { once: true });
      candidacy.start();
    });
    if (!('thrown' in outcome)) return outcome;
    await candidacy.stop();
    throw outcome.thrown;
  }

  #closed(): ClosedError {
    return new ClosedError(`"${this.key}": the tenure was closed`);
  }

  #timeout(waitMs: number | undefined, cause: unknown): LockTimeoutError {
    const why =
      cause === undefined ? 'someone else holds it' : `the store is in trouble: ${messageOf(cause)}`;
    return new LockTimeoutError(
      `"${this.key}" was not ours within ${waitMs} ms: ${why}`,
      cause === undefined ? undefined : { cause },
    );
  }
}

const isFinal = (error: unknown): error is Error =>
  error instanceof AccessDeniedError || error instanceof ClosedError;
