import { EventEmitter } from 'node:events';
import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';

/** One HTTP request in our words. `path` is a template (`/kv/{key}`), its `params` are percent-encoded. */
export interface Request {
  /** For messages. */
  readonly name: string;
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly path: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  /** JSON text, ready to be sent: the package would round numbers above 2⁵³. */
  readonly body?: string;
  /** For blocking queries; everything else is bounded by the core's signal. */
  readonly timeoutMs?: number;
}

export interface Answer {
  readonly status: number;
  /** `X-Consul-Index`, if there was one. */
  readonly index: number | undefined;
  /** The agent's time of day, as HTTP writes it. */
  readonly date: string | undefined;
  /** Parsed JSON, or text. */
  readonly body: unknown;
}

/**
 * The part of the `consul` package that is used: its request machinery, which its types do not show. Its methods
 * drop session fields, round `Flags` and throw on the 409 that carries a transaction's answer.
 */
// oxlint-disable no-underscore-dangle -- the package's own names
export interface Client {
  _request(options: Record<string, unknown>): Promise<Response>;
  readonly _defaults?: { readonly token?: string; readonly dc?: string };
  readonly _opts: { readonly agent?: Agent; readonly baseUrl: BaseUrl };
}

export interface BaseUrl {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: string;
}

/** By what it can do, not by class: the user's package may be another copy. */
export function isClient(value: unknown): value is Client {
  const { _request: request, _opts: own } = (value ?? {}) as Partial<Client>;
  return typeof request === 'function' && typeof own?.baseUrl === 'object';
}

type Response = IncomingMessage & { readonly body?: unknown };

/** What the package rejects with for any status but 2xx. */
export interface ResponseError extends Error {
  readonly isResponse: true;
  readonly response: Response;
}

export function isResponseError(error: unknown): error is ResponseError {
  return error instanceof Error && (error as Partial<ResponseError>).isResponse === true;
}

/** The response leads to the request, and so to the token in its headers: whoever logs the error would log that. */
function withoutRequest(error: ResponseError): ResponseError {
  const { statusCode, headers, body } = error.response;
  return Object.assign(error, { response: { statusCode, headers, body } });
}

export interface Route {
  readonly client: Client;
  readonly agent: Agent | undefined;
  readonly token: string | undefined;
  readonly datacenter: string | undefined;
}

/**
 * Sends once. Abort tears the request down and settles at once, with the signal's reason. Statuses that are
 * answers (2xx, 404, 409) resolve; whatever else went wrong rejects with the package's own error.
 */
export async function send(route: Route, request: Request, signal: AbortSignal): Promise<Answer> {
  signal.throwIfAborted();
  const ctx = new EventEmitter();
  const cancel = () => ctx.emit('cancel');
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return answerOf(await route.client._request(optionsOf(route, request, ctx)));
  } catch (error) {
    signal.throwIfAborted();
    if (!isResponseError(error)) throw error;
    if ([404, 409].includes(error.response.statusCode ?? 0)) return answerOf(error.response);
    throw withoutRequest(error);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

function optionsOf(route: Route, request: Request, ctx: EventEmitter): Record<string, unknown> {
  const { name, method, path, params = {}, query = {}, body, timeoutMs } = request;
  const { agent, token, datacenter } = route;
  return {
    name,
    method,
    path,
    params,
    query: datacenter === undefined ? query : { ...query, dc: datacenter },
    headers: token === undefined ? {} : { 'x-consul-token': token },
    ...(body === undefined ? {} : { type: 'json', body: Buffer.from(body) }),
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
    ...(agent === undefined ? {} : { agent }),
    ctx,
    exts: { onRequest: failWhenCut },
  };
}

function answerOf(response: Response): Answer {
  const index = Number(response.headers['x-consul-index'] ?? Number.NaN);
  return {
    status: response.statusCode ?? 0,
    index: Number.isSafeInteger(index) ? index : undefined,
    date: response.headers.date,
    body: response.body,
  };
}

interface Outgoing {
  transport: { request(options: RequestOptions): ClientRequest };
}

/** The package waits for ever when a connection closes in the middle of an answer: it listens for the request's errors only. */
function failWhenCut(outgoing: Outgoing, next: () => void): void {
  const { transport } = outgoing;
  outgoing.transport = {
    request(options) {
      const request = transport.request(options);
      request.once('close', () => {
        // A no-op when the answer was complete: the package has settled by then.
        request.emit('error', new Error('the connection was closed in the middle of the answer'));
      });
      return request;
    },
  };
  next();
}

/** What a client was made with; the package's methods would send the defaults along by themselves. */
export function settingsOfClient(client: Client): {
  readonly baseUrl: BaseUrl;
  readonly agent: Agent | undefined;
  readonly token: string | undefined;
  readonly datacenter: string | undefined;
} {
  const { _defaults: known, _opts: own } = client;
  return { baseUrl: own.baseUrl, agent: own.agent, token: known?.token, datacenter: known?.dc };
}
