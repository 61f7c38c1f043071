import { abortable, ClosedError, NotAppliedError, StoreUnavailableError } from '@tenure/core/store';
import type { Clock, Instant } from '@tenure/core/store';
import type { Connection, Driver } from './driver.ts';
import { connectFailure, failure, isNoScript, leadsElsewhere, wasNotSent } from './failure.ts';
import { unexpected } from './script.ts';
import type { Script } from './script.ts';

/** A connection on which nothing was answered for so long, when somebody gives up waiting, is taken for dead. */
const DEAD_AFTER_MS = 500;
/** One that is being made has names to look up and hands to shake. */
const STILLBORN_AFTER_MS = 3000;

interface Open {
  readonly connection: Connection;
  isReady: boolean;
  readonly since: Instant;
  /** The commands that are not answered yet, oldest first. */
  readonly sent: Set<{ readonly at: Instant }>;
  /** The `WAIT` that was sent last, and the one that will be sent when that is answered. */
  waiting?: Promise<number> | undefined;
  next?: Promise<number> | undefined;
}

/** How many replicas must have a write before it counts. */
export interface Quorum {
  readonly replicas: number;
  readonly replicasTimeoutMs: number;
}

/** The way for commands: one connection, made when it is needed and made anew when it was lost or is silent. */
export class Line {
  readonly #driver: Driver;
  readonly #clock: Clock;
  readonly #quorum: Quorum;
  readonly #dropped: () => void;
  #open: Open | undefined;
  #closed = false;

  /** `dropped` is called when a connection was given up for being silent: others may be, too. */
  constructor(driver: Driver, clock: Clock, quorum: Quorum, dropped: () => void) {
    this.#driver = driver;
    this.#clock = clock;
    this.#quorum = quorum;
    this.#dropped = dropped;
  }

  /** What the script answers, as text: a number or a status. Null when it answers nothing. */
  async text(...asked: Parameters<Line['run']>): Promise<string | null> {
    const answer = (await this.run(...asked)) as string | number | null;
    return answer === null ? null : String(answer);
  }

  /** What a script answers that answers a list. @throws StoreUnavailableError also for anything else */
  async list(...asked: Parameters<Line['run']>): Promise<readonly unknown[]> {
    const answer = await this.run(...asked);
    if (!Array.isArray(answer)) throw unexpected(asked[0], answer);
    return answer;
  }

  /**
   * Runs it by its digest, and once with its text where the server does not know it: then it certainly has not run.
   * Settles as soon as the signal aborts. An answer that `wrote` counts once enough replicas have what it says.
   * @throws StoreUnavailableError when fewer have it in time
   */
  async run(
    script: Script,
    keys: readonly string[],
    args: readonly (string | number | bigint)[],
    signal: AbortSignal,
    wrote?: (answer: unknown) => boolean,
  ): Promise<unknown> {
    return this.#answered((open) => this.#evaluate(open, script, keys, args, wrote), signal);
  }

  /** A command that reads, by its words. `slot`: any key, by which a Cluster chooses one of its servers. */
  async ask(command: readonly string[], slot: string, signal: AbortSignal): Promise<unknown> {
    return this.#answered((open) => this.#send(open, command, slot), signal);
  }

  close(): void {
    this.#closed = true;
    this.#open?.connection.close();
    this.#open = undefined;
  }

  /** Settles as soon as the signal aborts, and makes no promise of its own beyond that one: each verb comes by here. */
  #answered(asked: (open: Open) => Promise<unknown>, signal: AbortSignal): Promise<unknown> {
    const open = this.#open;
    if (!open?.isReady || signal.aborted) return this.#later(asked, signal);
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#suspect(open, open.sent.values().next().value?.at, this.#silenceMs);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', abort);
      asked(open).then(
        (answer) => {
          signal.removeEventListener('abort', abort);
          resolve(answer);
        },
        (error: unknown) => {
          signal.removeEventListener('abort', abort);
          if (!signal.aborted && leadsElsewhere(error)) this.#drop(open);
          reject(failure(error, this.#driver.where));
        },
      );
    });
  }

  /** When there is a connection. */
  async #later(asked: (open: Open) => Promise<unknown>, signal: AbortSignal): Promise<unknown> {
    await this.#ready(signal);
    return this.#answered(asked, signal);
  }

  /** A `WAIT` is silent as long as it waits. */
  get #silenceMs(): number {
    const { replicas, replicasTimeoutMs } = this.#quorum;
    return DEAD_AFTER_MS + (replicas > 0 ? replicasTimeoutMs : 0);
  }

  async #evaluate(
    open: Open,
    { sha, lua }: Script,
    keys: readonly string[],
    args: readonly (string | number | bigint)[],
    wrote?: (answer: unknown) => boolean,
  ): Promise<unknown> {
    const command = ['EVALSHA', sha, String(keys.length), ...keys];
    for (const arg of args) command.push(String(arg));
    const [slot = ''] = keys;
    let answer: unknown;
    try {
      answer = await this.#send(open, command, slot);
    } catch (error) {
      if (!isNoScript(error)) throw error;
      answer = await this.#send(open, ['EVAL', lua, ...command.slice(2)], slot);
    }
    if (wrote && this.#quorum.replicas > 0 && wrote(answer)) await this.#replicated(open);
    return answer;
  }

  /** A promise of the client's is enough where nothing went wrong. */
  #send(open: Open, command: readonly string[], slot: string): Promise<unknown> {
    if (this.#open !== open)
      return Promise.reject(new NotAppliedError(`${this.#driver.where}: the connection was lost`));
    const entry = { at: this.#clock.now() };
    open.sent.add(entry);
    return open.connection.send(command, slot).then(
      (answer) => {
        open.sent.delete(entry);
        return answer;
      },
      (error: unknown) => {
        open.sent.delete(entry);
        // A Cluster's client may have sent it elsewhere before.
        if (this.#driver.isCluster || !wasNotSent(error)) throw error;
        this.#drop(open);
        throw connectFailure(error, this.#driver.where);
      },
    );
  }

  /** On the same connection as what was written, for it is that connection's writes that are waited for. */
  async #replicated(open: Open): Promise<void> {
    const { replicas, replicasTimeoutMs } = this.#quorum;
    let have: number;
    try {
      have = await this.#joint(open);
    } catch (error) {
      const cause = failure(error, this.#driver.where);
      // The write itself was applied.
      throw cause instanceof NotAppliedError ? new StoreUnavailableError(cause.message, { cause }) : cause;
    }
    if (have >= replicas) return;
    throw new StoreUnavailableError(
      `${this.#driver.where}: ${have} of ${replicas} replicas had the write within ${replicasTimeoutMs} ms`,
    );
  }

  /** One `WAIT` for all who have written since the last one was sent: each holds up the connection. */
  #joint(open: Open): Promise<number> {
    const { replicas, replicasTimeoutMs } = this.#quorum;
    open.next ??= (open.waiting ?? Promise.resolve(0))
      .catch(() => {})
      .then(async () => {
        open.waiting = open.next;
        open.next = undefined;
        return Number(await this.#send(open, ['WAIT', String(replicas), String(replicasTimeoutMs)], ''));
      });
    return open.next;
  }

  async #ready(signal: AbortSignal): Promise<Open> {
    signal.throwIfAborted();
    const open = (this.#open ??= this.#connect());
    try {
      await abortable(open.connection.ready, signal);
    } catch (error) {
      if (!signal.aborted) throw connectFailure(error, this.#driver.where);
      this.#suspect(open, open.since, STILLBORN_AFTER_MS);
      throw signal.reason;
    }
    open.isReady = true;
    // It may have been lost in the same moment.
    if (this.#open !== open) throw new NotAppliedError(`${this.#driver.where}: the connection was lost`);
    return open;
  }

  #connect(): Open {
    if (this.#closed) throw new ClosedError('the redis store was closed');
    const connection = this.#driver.connect({
      lost: () => this.#drop(open),
      message: () => {},
    });
    const open: Open = { connection, isReady: false, since: this.#clock.now(), sent: new Set() };
    return open;
  }

  /** Somebody gave up. A command that was only overtaken by events is no reason to disturb the others. */
  #suspect(open: Open, since: Instant | undefined, patienceMs: number): void {
    if (this.#open !== open || !since || this.#clock.now().monoMs - since.monoMs < patienceMs) return;
    this.#drop(open);
    this.#dropped();
  }

  #drop(open: Open): void {
    if (this.#open === open) this.#open = undefined;
    open.connection.close();
  }
}
