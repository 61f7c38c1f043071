import { Agent, createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { exchange, originOf } from '../src/http.ts';
import { isResponseError, type Request } from '../src/wire.ts';
import { failureOf, soon } from './bench.ts';

async function serving(answer: (asked: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => {
    agent.destroy();
    server.closeAllConnections();
    server.close();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ask = (request: Partial<Request> = {}, signal = soon(), address = `http://${host}`) =>
    exchange(
      originOf(address),
      { agent, token: 's3cret', datacenter: 'dc 1' },
      { name: 'ask', method: 'GET', path: '/kv/{key}', params: { key: 'a/ü b' }, ...request },
      signal,
    );
  return { ask, host };
}

const json = { 'content-type': 'application/json', 'x-consul-index': '12' };

test('a request says everything: folder, escaped path, query, datacenter, token, name and password, length', async () => {
  const seen: unknown[] = [];
  const { ask, host } = await serving((asked, response) => {
    let body = '';
    asked.setEncoding('utf8').on('data', (part: string) => (body += part));
    asked.on('end', () => {
      const { method, url, headers } = asked;
      seen.push([
        method,
        url,
        headers['x-consul-token'],
        headers.authorization,
        headers['content-length'],
        body,
      ]);
      response.writeHead(200, json).end('{"a":1}');
    });
  });
  const request = { method: 'PUT', query: { wait: '1 s' }, body: '"ü"' } as const;
  const answer = await ask(request, soon(), `http://me:p%40ss@${host}/gate/`);
  expect(answer).toMatchObject({ status: 200, index: 12, body: { a: 1 } });
  const basic = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;
  const path = '/gate/v1/kv/a%2F%C3%BC%20b?wait=1%20s&dc=dc%201';
  expect(seen).toEqual([['PUT', path, 's3cret', basic, '4', '"ü"']]);
});

test('an IPv6 address has its brackets in the URL only', () => {
  expect(originOf('https://[::1]:8501')).toMatchObject({ isSecure: true, hostname: '::1', port: '8501' });
});

test('404 and 409 are answers, other statuses are errors, in which no token is', async () => {
  let status = 404;
  const { ask } = await serving((_asked, response) =>
    response.writeHead(status).end(status === 404 ? '' : 'no'),
  );
  expect(await ask()).toMatchObject({ status: 404, body: undefined });
  status = 409;
  expect(await ask()).toMatchObject({ status: 409, body: 'no' });
  for (status of [301, 403, 500]) {
    const error = await failureOf(ask());
    expect(isResponseError(error) && error.response).toMatchObject({ statusCode: status, body: 'no' });
    expect(inspect(error, { depth: 10 })).not.toContain('s3cret');
  }
});

test('an answer that breaks off or is no JSON is an error', async () => {
  let isCut = true;
  const { ask } = await serving((_asked, response) => {
    response.writeHead(200, { ...json, 'content-length': '100' }).write('{"a":');
    if (isCut) setImmediate(() => response.destroy());
  });
  expect(await failureOf(ask())).toBeInstanceOf(Error);
  isCut = false;
  const other = await serving((_asked, response) => response.writeHead(200, json).end('{"a":'));
  expect(await failureOf(other.ask())).toBeInstanceOf(SyntaxError);
});

test('silence beyond the time-out is an error, and an abort settles at once with its reason', async () => {
  const closed: Promise<void>[] = [];
  const { ask } = await serving((asked) => {
    closed.push(
      new Promise((resolve) => {
        asked.socket.once('close', () => resolve());
      }),
    );
  });
  expect((await failureOf(ask({ timeoutMs: 50 }))).message).toBe('no answer within 50 ms');
  const leaver = new AbortController();
  const asked = failureOf(ask({}, leaver.signal));
  await expect.poll(() => closed.length).toBe(2);
  leaver.abort(new Error('given up'));
  expect((await asked).message).toBe('given up');
  await Promise.all(closed);
  expect((await failureOf(ask({}, leaver.signal))).message).toBe('given up');
  expect(closed).toHaveLength(2);
});
