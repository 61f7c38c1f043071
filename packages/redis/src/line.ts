import { ClosedError, NotAppliedError } from '@tenure/core/store';
import type { Clock } from '@tenure/core/store';
import type { Connection, Driver } from './driver.ts';
import { connectFailure, failure, isNoScript, leadsElsewhere } from './failure.ts';
import type { Script } from './script.ts';

/** A connection on which nothing was answered for so long, when somebody gives up waiting, is taken for dead. */
const DEAD_AFTER_MS = 500;

interface Open {
  readonly connection: Connection;
  /** When the commands that are not answered yet were sent, oldest first: a server answers in order. */
  readonly sent: { readonly monoMs: number }[];
}

/** The way for commands: one connection, made when it is needed and made anew when it was lost or is silent. */
export class Line {
  readonly #driver: Driver;
  readonly #clock: Clock;
  readonly #dropped: () => void;
  #open: Open | undefined;
  #closed = false;

  /** `dropped` is called when a connection was given up for being silent: others may be, too. */
  constructor(driver: Driver, clock: Clock, dropped: () => void) {
    this.#driver = driver;
    this.#clock = clock;
    this.#dropped = dropped;
  }

  /** What the script answers, as text: a number or a status. Null when it answers nothing. */
  async text(...asked: Parameters<Line['run']>): Promise<string | null> {
    const answer = (await this.run(...asked)) as string | number | null;
    return answer === null ? null : String(answer);
  }

  /**
   * Runs it by its digest, and once with its text where the server does not know it: then it certainly has not run.
   * Settles as soon as the signal aborts.
   */
  run(
    script: Script,
    keys: readonly string[],
    args: readonly (string | number | bigint)[],
    signal: AbortSignal,
  ): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...args.map(String)];
    return this.#attempt(signal, async (send) => {
      try {
        return await send(['EVALSHA', script.sha, ...rest], keys[0] ?? '');
      } catch (error) {
        if (!isNoScript(error)) throw error;
        return send(['EVAL', script.lua, ...rest], keys[0] ?? '');
      }
    });
  }

  /** On the same connection as what was run before. */
  send(command: readonly string[], signal: AbortSignal): Promise<unknown> {
    return this.#attempt(signal, (send) => send(command, ''));
  }

  close(): void {
    this.#closed = true;
    this.#open?.connection.close();
    this.#open = undefined;
  }

  async #attempt(
    signal: AbortSignal,
    work: (send: Connection['send']) => Promise<unknown>,
  ): Promise<unknown> {
    const open = await this.#ready(signal);
    try {
      return await abortable(
        work((command, key) => this.#send(open, command, key)),
        signal,
      );
    } catch (error) {
      if (signal.aborted) this.#suspect(open);
      else if (leadsElsewhere(error)) this.#drop(open);
      throw signal.aborted ? (signal.reason as Error) : failure(error, this.#driver.where);
    }
  }

  async #send(open: Open, command: readonly string[], key: string): Promise<unknown> {
    if (this.#open !== open) throw new NotAppliedError(`${this.#driver.where}: the connection was lost`);
    const sent = this.#clock.now();
    open.sent.push(sent);
    try {
      return await open.connection.send(command, key);
    } finally {
      const place = open.sent.indexOf(sent);
      // All before it are answered too, or never will be.
      if (place !== -1) open.sent.splice(0, place + 1);
    }
  }

  async #ready(signal: AbortSignal): Promise<Open> {
    signal.throwIfAborted();
    const open = (this.#open ??= this.#connect());
    try {
      await abortable(open.connection.ready, signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw connectFailure(error, this.#driver.where);
    }
    return open;
  }

  #connect(): Open {
    if (this.#closed) throw new ClosedError('the redis store was closed');
    const connection = this.#driver.connect({
      lost: () => this.#drop(open),
      message: () => {},
    });
    const open: Open = { connection, sent: [] };
    return open;
  }

  /** Somebody gave up. A command that was only overtaken by events is no reason to disturb the others. */
  #suspect(open: Open): void {
    const [oldest] = open.sent;
    if (!oldest || this.#clock.now().monoMs - oldest.monoMs < DEAD_AFTER_MS) return;
    this.#drop(open);
    this.#dropped();
  }

  #drop(open: Open): void {
    if (this.#open === open) this.#open = undefined;
    open.connection.close();
  }
}

/** Settles with the promise, or with the signal's reason if that comes first. */
async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  promise.catch(() => {});
  signal.throwIfAborted();
  let abort!: () => void;
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
