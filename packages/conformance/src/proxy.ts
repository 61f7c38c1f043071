import { createConnection, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { later, systemClock } from '@tenure/core/store';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Seen from the client: `up` carries requests, `down` answers. */
export type Direction = 'up' | 'down';

export interface CutOptions {
  /** Waits for the first request that contains these bytes; any, when left out. */
  readonly matching?: string | Uint8Array;
  /** Leave the connection open and dead, instead of closing it. */
  readonly hang?: boolean;
}

/**
 * A TCP proxy for faults that a client cannot tell from a broken network. Bytes that are held are kept and
 * forwarded later, as TCP would retransmit them; meanwhile neither side learns that the other hung up.
 */
export interface Proxy extends Address, AsyncDisposable {
  /** Connections ever accepted, and those that are open now. */
  readonly connections: number;
  readonly open: number;
  readonly bytes: { readonly up: number; readonly down: number };
  /** Heal: forward everything, also what was held. */
  pass(): Promise<void>;
  /** Keep connections open and forward nothing, in one direction or both. */
  blackHole(direction?: Direction): void;
  /** Close every connection and accept none. */
  refuse(): Promise<void>;
  /** Forward everything `ms` late, in both directions. */
  delay(ms: number): void;
  /** Forward so many bytes of every connection at a time, in both directions: answers come, and take for ever. */
  drip(bytes: number, everyMs: number): void;
  /** Reset every connection there is; new ones are served. */
  reset(): void;
  /**
   * Once: let the next request through, and nothing of its answer. The client's connection is destroyed when the
   * server begins to answer. Resolves when the server has said all it had to say, so it has done what was asked.
   */
  cutAnswer(options?: CutOptions): Promise<void>;
  close(): Promise<void>;
}

/** A server that has been silent for so long has finished its answer. Its first bytes may be a mere acknowledgement. */
const QUIET_MS = 50;

const after = (ms: number, due: () => void): (() => void) =>
  systemClock.alarm(later(systemClock.now(), ms), due);

interface Cut {
  readonly matching: Buffer;
  readonly hang: boolean;
  readonly fired: () => void;
}

class Line {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #proxy: TcpProxy;
  readonly #held: Record<Direction, Buffer[]> = { up: [], down: [] };
  readonly #alarms = new Set<() => void>();
  readonly #dripping = new Set<Direction>();
  readonly #hungUp = new Set<Socket>();
  #tail: Buffer = Buffer.alloc(0);
  #cut: Cut | undefined;
  #quiet = (): void => {};

  constructor(client: Socket, proxy: TcpProxy) {
    this.#client = client;
    this.#proxy = proxy;
    this.#server = createConnection(proxy.target);
    for (const [from, direction] of [
      [client, 'up'],
      [this.#server, 'down'],
    ] as const) {
      from.setNoDelay(true);
      from.on('data', (chunk: Buffer) => this.#carry(direction, chunk));
      // What follows an error is a close.
      from.on('error', () => {});
      from.on('close', () => this.#close(from));
    }
  }

  get open(): boolean {
    return !this.#client.destroyed;
  }

  flush(): void {
    for (const direction of ['up', 'down'] as const) {
      if (this.#proxy.holds(direction)) continue;
      for (const chunk of this.#held[direction].splice(0)) this.#send(direction, chunk);
    }
    if (!this.#proxy.holds('up') && !this.#proxy.holds('down'))
      for (const from of this.#hungUp) this.#close(from);
  }

  reset(): void {
    this.#client.resetAndDestroy();
    this.#forget();
  }

  destroy(): void {
    this.#client.destroy();
    this.#forget();
  }

  #carry(direction: Direction, chunk: Buffer): void {
    if (direction === 'up') this.#arm(chunk);
    if (direction === 'down' && this.#cut) {
      this.#swallow(this.#cut);
      return;
    }
    const { drops, delayMs } = this.#proxy;
    const held = this.#held[direction];
    if (held.length === 0 && !this.#proxy.holds(direction) && !drops && delayMs === 0) {
      this.#send(direction, chunk);
      return;
    }
    // Whatever comes late comes in order, also when the delay is changed meanwhile.
    held.push(chunk);
    if (drops) this.#drip(direction);
    else if (!this.#proxy.holds(direction)) this.#late(() => this.#forward(direction));
  }

  /** The first that is held. */
  #forward(direction: Direction): void {
    if (this.#proxy.holds(direction)) return;
    const chunk = this.#held[direction].shift();
    if (chunk) this.#send(direction, chunk);
  }

  #drip(direction: Direction): void {
    const { drops } = this.#proxy;
    if (!drops || this.#dripping.has(direction)) return;
    this.#dripping.add(direction);
    this.#after(drops.everyMs, () => {
      this.#dripping.delete(direction);
      // What a black hole holds as well is flushed when that heals.
      if (this.#proxy.holds(direction)) return;
      const chunk = this.#held[direction].shift();
      if (!chunk) return;
      if (chunk.length > drops.bytes) this.#held[direction].unshift(chunk.subarray(drops.bytes));
      this.#send(direction, chunk.subarray(0, drops.bytes));
      this.#drip(direction);
    });
  }

  #send(direction: Direction, chunk: Buffer): void {
    const to = direction === 'up' ? this.#server : this.#client;
    if (!to.writable) return;
    this.#proxy.bytes[direction] += chunk.length;
    to.write(chunk);
  }

  #late(due: () => void): void {
    this.#after(this.#proxy.delayMs, due);
  }

  #after(ms: number, due: () => void): void {
    const cancel = after(ms, () => {
      this.#alarms.delete(cancel);
      due();
    });
    this.#alarms.add(cancel);
  }

  #arm(chunk: Buffer): void {
    const { cut } = this.#proxy;
    if (!cut || this.#cut) return;
    const seen = Buffer.concat([this.#tail, chunk]);
    if (!seen.includes(cut.matching)) {
      // A pattern may be split between two chunks.
      this.#tail = cut.matching.length > 1 ? seen.subarray(1 - cut.matching.length) : Buffer.alloc(0);
      return;
    }
    this.#tail = Buffer.alloc(0);
    this.#cut = cut;
    this.#proxy.cut = undefined;
  }

  #swallow(cut: Cut): void {
    // The server's side stays open, so that a request it is still working on is not cancelled.
    if (!cut.hang) this.#client.destroy();
    this.#quiet();
    this.#alarms.delete(this.#quiet);
    this.#quiet = after(QUIET_MS, cut.fired);
    this.#alarms.add(this.#quiet);
  }

  #close(from: Socket): void {
    if (this.#cut && from === this.#client) return;
    if (this.#proxy.holds('up') || this.#proxy.holds('down') || this.#proxy.drops) {
      this.#hungUp.add(from);
      return;
    }
    // What the other side was sent before, it still gets.
    const hangUp = (): void => {
      const other = from === this.#client ? this.#server : this.#client;
      if (other.destroyed) this.#proxy.lines.delete(this);
      else other.destroySoon();
    };
    if (this.#proxy.delayMs === 0) hangUp();
    else this.#late(hangUp);
  }

  #forget(): void {
    this.#proxy.lines.delete(this);
    this.#server.destroy();
    for (const cancel of this.#alarms) cancel();
  }
}

class TcpProxy implements Proxy {
  readonly host = '127.0.0.1';
  readonly target: Address;
  readonly bytes = { up: 0, down: 0 };
  readonly lines = new Set<Line>();
  connections = 0;
  delayMs = 0;
  drops: { readonly bytes: number; readonly everyMs: number } | undefined;
  cut: Cut | undefined;
  #port = 0;
  #holding: readonly Direction[] = [];
  #server: Server | undefined;

  constructor(target: Address) {
    this.target = target;
  }

  get port(): number {
    return this.#port;
  }

  get open(): number {
    return [...this.lines].filter((line) => line.open).length;
  }

  holds(direction: Direction): boolean {
    return this.#holding.includes(direction);
  }

  async pass(): Promise<void> {
    this.#holding = [];
    this.delayMs = 0;
    this.drops = undefined;
    if (!this.#server) await this.listen();
    for (const line of this.lines) line.flush();
  }

  blackHole(direction?: Direction): void {
    this.#holding = direction ? [direction] : ['up', 'down'];
  }

  async refuse(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const line of this.lines) line.destroy();
    await new Promise<void>((resolve) => {
      if (server) server.close(() => resolve());
      else resolve();
    });
  }

  delay(ms: number): void {
    this.delayMs = ms;
  }

  drip(bytes: number, everyMs: number): void {
    this.drops = { bytes, everyMs };
  }

  reset(): void {
    for (const line of this.lines) line.reset();
  }

  cutAnswer({ matching = '', hang = false }: CutOptions = {}): Promise<void> {
    return new Promise((resolve) => {
      this.cut = { matching: Buffer.from(matching as string), hang, fired: resolve };
    });
  }

  async close(): Promise<void> {
    await this.refuse();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async listen(): Promise<void> {
    const server = createServer((client) => {
      this.connections += 1;
      this.lines.add(new Line(client, this));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, this.host, resolve);
    });
    // The same port again after `refuse`, because clients keep the address.
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }
}

/** Listens on a free port of 127.0.0.1 and forwards to `target`. */
export async function startProxy(target: Address): Promise<Proxy> {
  const proxy = new TcpProxy(target);
  await proxy.listen();
  return proxy;
}
