import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startProxy } from '@tenure/conformance/network';
import type { Proxy } from '@tenure/conformance/network';

let proxy: Proxy;
let asked: string[] = [];
let heard: () => void = () => {};
const sockets = new Set<Socket>();
// Answers each request with itself, in capitals.
const server = createServer((socket) => {
  sockets.add(socket);
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    asked.push(String(chunk));
    heard();
    socket.write(String(chunk).toUpperCase());
  });
});

beforeEach(async () => {
  asked = [];
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await startProxy({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
});

afterEach(async () => {
  await proxy.close();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  server.close();
  await once(server, 'close');
});

async function connect(): Promise<Socket> {
  const socket = createConnection({ host: proxy.host, port: proxy.port });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

const answer = async (socket: Socket): Promise<string> => String((await once(socket, 'data'))[0]);
const requested = (): Promise<void> =>
  new Promise((resolve) => {
    heard = resolve;
  });

it('passes bytes both ways and counts them', async () => {
  const socket = await connect();
  socket.write('hello');
  expect(await answer(socket)).toBe('HELLO');
  expect(proxy.bytes).toEqual({ up: 5, down: 5 });
  expect([proxy.connections, proxy.open]).toEqual([1, 1]);
});

it('forwards nothing as a black hole, and what it held when it heals', async () => {
  const socket = await connect();
  proxy.blackHole();
  socket.write('hello');
  const other = await connect();
  other.write('you');
  await new Promise(setImmediate);
  expect(asked).toEqual([]);
  const answers = Promise.all([answer(socket), answer(other)]);
  await proxy.pass();
  expect(await answers).toEqual(['HELLO', 'YOU']);
});

it('forwards requests but no answers as a black hole in one direction', async () => {
  const socket = await connect();
  proxy.blackHole('down');
  const arrived = requested();
  socket.write('hello');
  await arrived;
  expect(asked).toEqual(['hello']);
  expect(proxy.bytes.down).toBe(0);
  const answered = answer(socket);
  await proxy.pass();
  expect(await answered).toBe('HELLO');
});

it('cuts the answer to the request that matches, after the server has done it, once', async () => {
  const socket = await connect();
  const fired = proxy.cutAnswer({ matching: 'second' });
  socket.write('first');
  expect(await answer(socket)).toBe('FIRST');
  const closed = once(socket, 'close');
  let leaked = '';
  socket.on('data', (chunk) => (leaked += String(chunk)));
  socket.write('the sec');
  await requested();
  socket.write('ond');
  await fired;
  await closed;
  expect(asked.join('')).toBe('firstthe second');
  expect(leaked).not.toContain('OND');
  const next = await connect();
  next.write('second');
  expect(await answer(next)).toBe('SECOND');
});

it('swallows the answer and leaves the connection open, when told so', async () => {
  const socket = await connect();
  const fired = proxy.cutAnswer({ hang: true });
  socket.write('hello');
  await fired;
  expect(asked).toEqual(['hello']);
  expect(socket.destroyed).toBe(false);
  expect(proxy.bytes.down).toBe(0);
});

it('refuses connections and closes those there are, then serves on the same port again', async () => {
  const socket = await connect();
  const closed = once(socket, 'close');
  const { port } = proxy;
  await proxy.refuse();
  await closed;
  const [error] = (await once(createConnection({ host: proxy.host, port }), 'error')) as [
    NodeJS.ErrnoException,
  ];
  expect(error.code).toBe('ECONNREFUSED');
  await proxy.pass();
  expect(proxy.port).toBe(port);
  const again = await connect();
  again.write('hello');
  expect(await answer(again)).toBe('HELLO');
});

it('resets the connections there are', async () => {
  const socket = await connect();
  socket.write('hello');
  await answer(socket);
  const failed = once(socket, 'error');
  proxy.reset();
  const [error] = (await failed) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNRESET');
});

it('delays both directions and keeps their order', async () => {
  const socket = await connect();
  proxy.delay(30);
  let heardMs = 0;
  const startMs = performance.now();
  socket.write('hello');
  expect(await answer(socket)).toBe('HELLO');
  heardMs = performance.now() - startMs;
  expect(heardMs).toBeGreaterThanOrEqual(59);
});

it('closes everything', async () => {
  const socket = await connect();
  const closed = once(socket, 'close');
  await proxy.close();
  await closed;
  expect(proxy.open).toBe(0);
});

it('sends a few bytes at a time when it drips, all of them in order, and the rest at once when it heals', async () => {
  const socket = await connect();
  const came: string[] = [];
  socket.on('data', (chunk) => came.push(String(chunk)));
  proxy.drip(4, 1);
  socket.write('one two three four');
  while (came.join('') !== 'ONE TWO THREE FOUR') await once(socket, 'data');
  expect(came.length).toBeGreaterThan(2);

  proxy.drip(1, 3_600_000);
  socket.write('all of it');
  const rest = answer(socket);
  await proxy.pass();
  expect(await rest).toBe('ALL OF IT');
});

it('keeps the order of what was delayed when the delay ends', async () => {
  const socket = await connect();
  const came: string[] = [];
  socket.on('data', (chunk) => came.push(String(chunk)));
  proxy.delay(3_600_000);
  socket.write('first ');
  for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
  expect(asked).toEqual([]);
  await proxy.pass();
  socket.write('second');
  while (!came.join('').endsWith('SECOND')) await once(socket, 'data');
  expect(came.join('')).toBe('FIRST SECOND');
});
