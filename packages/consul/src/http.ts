import { request as askHttp } from 'node:http';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { request as askHttps } from 'node:https';
import type { Answer, Request, ResponseError, Route } from './wire.ts';

/** An agent that is asked without the `consul` package, whose machinery takes as long again as Node's own. */
export interface Origin {
  readonly isSecure: boolean;
  readonly hostname: string;
  readonly port: string | undefined;
  readonly auth: string | undefined;
  /** Before every path: `/v1`, or a folder of a gateway and that. */
  readonly folder: string;
}

export function originOf(address: string): Origin {
  const { protocol, hostname, port, username, password, pathname } = new URL(address);
  const auth = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    isSecure: protocol === 'https:',
    // Where an IPv6 address is no longer part of a URL it has no brackets.
    hostname: hostname.replace(/^\[(.*)\]$/u, '$1'),
    port: port === '' ? undefined : port,
    auth: auth === ':' ? undefined : auth,
    folder: `${pathname.replace(/\/+$/u, '')}/v1`,
  };
}

/** Any status but 2xx, as the package would report it. */
class UnwantedStatus extends Error implements ResponseError {
  readonly isResponse = true;
  readonly response: ResponseError['response'];

  constructor({ statusCode, headers }: IncomingMessage, body: unknown) {
    super(`the agent answered ${statusCode}`);
    this.response = { statusCode, headers, body };
  }
}

/** Sends once, as {@link send} does. */
export function exchange(
  origin: Origin,
  route: Route,
  request: Request,
  signal: AbortSignal,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const asked = (origin.isSecure ? askHttps : askHttp)(optionsOf(origin, route, request), (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('end', () => {
        try {
          const answer = answerOf(response, text);
          const { status } = answer;
          if ((status >= 200 && status < 300) || status === 404 || status === 409)
            settle(() => resolve(answer));
          else fail(new UnwantedStatus(response, answer.body));
        } catch (error) {
          fail(error);
        }
      });
    });
    const settle = (outcome: () => void): void => {
      signal.removeEventListener('abort', cancel);
      outcome();
    };
    const fail = (error: unknown): void => settle(() => reject(error));
    const cancel = (): void => {
      fail(signal.reason);
      asked.destroy();
    };
    signal.addEventListener('abort', cancel, { once: true });
    asked.on('error', fail);
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${request.timeoutMs} ms`)));
    // A no-op when the answer was complete.
    asked.on('close', () => fail(new Error('the connection was closed in the middle of the answer')));
    asked.end(request.body);
  });
}

function optionsOf(
  { hostname, port, auth, folder }: Origin,
  { agent, token, datacenter }: Route,
  { method, path, params, query, body, timeoutMs }: Request,
): RequestOptions {
  const headers: Record<string, string | number> = {};
  if (token !== undefined) headers['x-consul-token'] = token;
  if (body !== undefined) headers['content-type'] = 'application/json; charset=utf-8';
  if (body !== undefined || method !== 'GET') headers['content-length'] = Buffer.byteLength(body ?? '');
  const full = params
    ? path.replaceAll(/\{(\w+)\}/gu, (_, name: string) => encodeURIComponent(params[name] ?? ''))
    : path;
  const asked = queryOf(datacenter === undefined ? query : { ...query, dc: datacenter });
  const options: RequestOptions = { method, hostname, port, path: `${folder}${full}${asked}`, headers };
  if (agent) options.agent = agent;
  if (auth !== undefined) options.auth = auth;
  if (timeoutMs !== undefined) options.timeout = timeoutMs;
  return options;
}

function queryOf(query: Request['query']): string {
  let text = '';
  for (const name in query)
    text += `${text === '' ? '?' : '&'}${name}=${encodeURIComponent(query[name] ?? '')}`;
  return text;
}

function answerOf({ statusCode = 0, headers }: IncomingMessage, text: string): Answer {
  const index = Number(headers['x-consul-index'] ?? Number.NaN);
  const isJson = headers['content-type']?.startsWith('application/json') === true;
  return {
    status: statusCode,
    index: Number.isSafeInteger(index) ? index : undefined,
    date: headers.date,
    body: isJson && text !== '' ? (JSON.parse(text) as unknown) : text === '' ? undefined : text,
  };
}
