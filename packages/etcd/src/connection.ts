import { abortable, unlessAborted } from './abort.ts';
import type { Cancellable, Client, Metadata, Method, Pool, Service } from './rpc.ts';

export interface StreamEvents<Response> {
  data(response: Response): void;
  /** Once, and not after {@link Stream.close}. */
  closed(error: Error): void;
  /** The connection is not to be used any more; the stream still works, if ever it did. */
  retired?(): void;
}

export interface Stream<Request> {
  readonly connection: Connection;
  readonly token: string | undefined;
  send(request: Request): void;
  close(): void;
  /** Close it because an answer did not come. */
  abandon(): void;
}

/**
 * One connection to one endpoint. A TCP connection can be dead without either side having heard of it, so a
 * connection on which a call was given up, and nothing else heard meanwhile, is doubted: its owner then retires
 * it and dials anew. What is still in flight on a retired connection may end in its own time.
 */
export class Connection {
  readonly address: string;
  readonly #pool: Pool;
  readonly #events: { doubted(connection: Connection): void; unused(): void };
  readonly #clients = new Map<Service, Promise<{ client: Client; metadata: Metadata }>>();
  /** The calls that are not over, and what to do for each when the connection is retired. */
  readonly #open = new Map<Cancellable, (() => void) | undefined>();
  #retired = false;
  #heard = 0;

  constructor(
    address: string,
    pool: Pool,
    events: { doubted(connection: Connection): void; unused(): void },
  ) {
    this.address = address;
    this.#pool = pool;
    this.#events = events;
  }

  async unary<Request, Response>(
    { service, method }: Method<Request, Response>,
    request: Request,
    token: string | undefined,
    signal: AbortSignal,
  ): Promise<Response> {
    const { client, metadata } = await unlessAborted(signal, this.#client(service, token));
    const heard = this.#heard;
    return abortable(signal, (resolve, reject) => {
      const call = client[method]!(request, metadata, {}, (error, response) => {
        this.#heard += 1;
        this.#ended(call);
        if (error) reject(error);
        else resolve(response as Response);
      });
      this.#open.set(call, undefined);
      return () => {
        if (heard === this.#heard) this.#events.doubted(this);
        call.cancel();
      };
    });
  }

  async stream<Request, Response>(
    { service, method }: Method<Request, Response>,
    token: string | undefined,
    events: StreamEvents<Response>,
    signal: AbortSignal,
  ): Promise<Stream<Request>> {
    const { client, metadata } = await unlessAborted(signal, this.#client(service, token));
    const duplex = client[method]!(metadata, {});
    let heardAtSend = this.#heard;
    let over = false;
    const end = (): boolean => {
      if (over) return false;
      over = true;
      this.#ended(duplex);
      return true;
    };
    const ended = (error: Error): void => {
      if (end()) events.closed(error);
    };
    const close = (): void => {
      if (end()) duplex.cancel();
    };
    this.#open.set(duplex, () => events.retired?.());
    // The listeners stay for good: a cancelled stream still emits an error.
    duplex.on('error', ended);
    duplex.on('end', () => ended(new Error('the server ended the stream')));
    duplex.on('data', (response) => {
      this.#heard += 1;
      if (!over) events.data(response as Response);
    });
    return {
      connection: this,
      token,
      send: (request) => {
        heardAtSend = this.#heard;
        if (!over) duplex.write(request);
      },
      close,
      abandon: () => {
        if (heardAtSend === this.#heard) this.#events.doubted(this);
        close();
      },
    };
  }

  /** Ask the pool again which host to use, the next time. */
  forget(): void {
    this.#clients.clear();
  }

  /** Nothing new should be sent on it. */
  get retired(): boolean {
    return this.#retired;
  }

  retire(): void {
    this.#retired = true;
    for (const leave of this.#open.values()) leave?.();
    if (this.#open.size === 0) this.#events.unused();
  }

  /** End everything now. */
  close(): void {
    const open = [...this.#open.keys()];
    this.retire();
    for (const call of open) call.cancel();
  }

  #ended(call: Cancellable): void {
    if (this.#open.delete(call) && this.#open.size === 0 && this.#retired) this.#events.unused();
  }

  async #client(
    service: Service,
    token: string | undefined,
  ): Promise<{ readonly client: Client; readonly metadata: Metadata }> {
    let found = this.#clients.get(service);
    if (!found) {
      found = this.#pool.withConnection(service, ({ client, metadata }) => ({ client, metadata }));
      this.#clients.set(service, found);
      found.catch(() => this.#clients.delete(service));
    }
    const { client, metadata } = await found;
    const own = metadata.clone();
    // A member that has lost its leader then refuses, rather than to keep us waiting.
    own.set('hasleader', 'true');
    if (token !== undefined) own.set('token', token);
    return { client, metadata: own };
  }
}
