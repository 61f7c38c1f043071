import { readFileSync } from 'node:fs';
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import type { TlsFiles } from './cluster.ts';

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly tls?: TlsFiles | undefined;
  readonly timeoutMs?: number;
}

/**
 * One HTTP request on a connection of its own, which is closed afterwards: asking after a server's health must not
 * use up the connections it grants to the clients under test. Resolves to the body, rejects unless the status is
 * 200. (The built-in fetch knows no way to trust a test's CA.)
 */
export function request(url: string, options: RequestOptions = {}): Promise<string> {
  const { method = 'GET', headers = {}, body, tls, timeoutMs = 2000 } = options;
  return new Promise((resolve, reject) => {
    const common = { method, headers, agent: false, signal: AbortSignal.timeout(timeoutMs) };
    const outgoing = url.startsWith('https:')
      ? tlsRequest(url, { ...common, ...(tls && identity(tls)) })
      : plainRequest(url, common);
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('error', reject);
      response.once('end', () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${method} ${url}: ${response.statusCode} ${text}`));
      });
    });
    outgoing.end(body);
  });
}

/** The server's own certificate serves as a client's too, where a server asks for one. */
function identity(tls: TlsFiles): { ca: Buffer; cert: Buffer; key: Buffer } {
  return { ca: readFileSync(tls.ca), cert: readFileSync(tls.cert), key: readFileSync(tls.key) };
}
