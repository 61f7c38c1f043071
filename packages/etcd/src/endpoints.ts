import { ClosedError } from '@tenure/core/store';
import { Connection } from './connection.ts';
import type { Stream, StreamEvents } from './connection.ts';
import { dial, poolOf } from './dial.ts';
import { isStaleToken, isUnavailable, storeError, wasNotSent } from './errors.ts';
import type { Settings } from './options.ts';
import type { Method } from './rpc.ts';
import { noTokens, tokensOf, UserTokens } from './tokens.ts';
import type { Tokens } from './tokens.ts';

/** Tries on a client of the user's, whose hosts we cannot choose among. */
const FOREIGN_TRIES = 3;

const nothing = (): void => {};

/**
 * The endpoints, of which one is in use until it gives reason to try the next. Every call may go to any of them,
 * since all reads are linearizable.
 */
export class Endpoints {
  readonly tries: number;
  readonly tokens: Tokens;
  readonly #settings: Settings;
  readonly #connections: (Connection | undefined)[] = [];
  readonly #all = new Set<Connection>();
  #index: number;
  #closed = false;

  constructor(settings: Settings) {
    const { hosts, client, auth } = settings;
    this.#settings = settings;
    this.#index = Math.floor(Math.random() * hosts.length);
    this.tries = client ? FOREIGN_TRIES : hosts.length;
    this.tokens = client ? tokensOf(client) : auth ? new UserTokens(auth) : noTokens;
  }

  /** Tries the next endpoint as long as it is certain that nothing was sent, and a new token once. */
  async call<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    signal: AbortSignal,
  ): Promise<Response> {
    let tokenTried = false;
    for (let tries = 1; ; tries += 1) {
      const connection = this.#current();
      let token: string | undefined;
      try {
        token = await this.tokens.get(connection, signal);
        return await connection.unary(method, request, token, signal);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (isUnavailable(error) || wasNotSent(error)) this.#next(connection);
        // One that was retired under our hands does not count.
        if (connection.retired) tries -= 1;
        if (wasNotSent(error) && tries < this.tries && !this.#closed) continue;
        if (isStaleToken(error) && !tokenTried) {
          tokenTried = true;
          await this.tokens.drop(token, signal);
          continue;
        }
        throw this.error(error, method, connection);
      }
    }
  }

  async open<Request, Response>(
    method: Method<Request, Response>,
    events: StreamEvents<Response>,
    signal: AbortSignal,
  ): Promise<Stream<Request>> {
    const connection = this.#current();
    try {
      const token = await this.tokens.get(connection, signal);
      return await connection.stream(
        method,
        token,
        {
          data: (response) => events.data(response),
          closed: (error) => {
            this.#next(connection);
            events.closed(this.error(error, method, connection));
          },
        },
        signal,
      );
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      this.#next(connection);
      throw this.error(error, method, connection);
    }
  }

  error(error: unknown, { method }: { readonly method: string }, { address }: Connection): Error {
    if (this.#closed) return new ClosedError(`the etcd store was closed during ${method}`, { cause: error });
    const others = this.tries > 1 && wasNotSent(error) && !this.#settings.client;
    const where = others ? `${address} (all of ${this.#settings.hosts.join(', ')} tried)` : address;
    return storeError(error, `etcd at ${where}: ${method}`);
  }

  close(): void {
    this.#closed = true;
    for (const connection of this.#all) connection.close();
  }

  #current(): Connection {
    if (this.#closed) throw new ClosedError('the etcd store is closed');
    return (this.#connections[this.#index] ??= this.#dial());
  }

  #next(connection: Connection): void {
    connection.forget();
    if (this.#connections[this.#index] === connection)
      this.#index = (this.#index + 1) % this.#connectionCount;
  }

  get #connectionCount(): number {
    return Math.max(1, this.#settings.hosts.length);
  }

  #dial(): Connection {
    const { client: foreign, hosts, credentials } = this.#settings;
    const address = hosts[this.#index] ?? 'the given client';
    const { pool, close } = foreign ? { pool: poolOf(foreign), close: nothing } : dial(address, credentials);
    const connection: Connection = new Connection(address, pool, {
      doubted: (doubted) => {
        if (this.#closed || doubted.retired) return;
        const at = this.#connections.indexOf(doubted);
        this.#next(doubted);
        if (at >= 0) this.#connections[at] = undefined;
        doubted.retire();
      },
      unused: () => {
        this.#all.delete(connection);
        close();
      },
    });
    this.#all.add(connection);
    return connection;
  }
}
