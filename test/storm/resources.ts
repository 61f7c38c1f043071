import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { Address } from '@tenure/conformance/network';
import { lines } from './request.ts';
import type { ResourceAnswer, ResourceRequest } from './request.ts';

/** What came in, and what was done with it at once: one thing at a time, for this is one process. */
export interface Handled {
  readonly request: ResourceRequest;
  readonly answer: ResourceAnswer;
}

/** All that was done until one moment, and what was there then. */
export interface Inventory {
  readonly handled: readonly Handled[];
  readonly contents: readonly {
    readonly resource: string;
    readonly key: string;
    readonly greatest: bigint;
    readonly value: number | readonly string[];
  }[];
}

/** An element and the one that was there before. */
interface Link {
  readonly element: string;
  readonly before: number;
}

class Resource {
  readonly name: string;
  readonly key: string;
  /** Only a token at least as great as every one before gets in. */
  readonly isFenced: boolean;
  greatest = 0n;
  value = 0;
  /** Links, and the number of the last: 0 is none. What is put in place of what came in between unlinks that. */
  readonly #links: Link[] = [];
  #last = 0;

  constructor(name: string, key: string) {
    this.name = name;
    this.key = key;
    this.isFenced = name.startsWith('fenced');
  }

  handle({ id, token, call }: ResourceRequest): ResourceAnswer {
    if (this.isFenced && BigInt(token) < this.greatest) return { id, outcome: 'refused' };
    if (BigInt(token) > this.greatest) this.greatest = BigInt(token);
    switch (call.kind) {
      case 'read':
        return { id, outcome: 'ok', value: this.value };
      case 'write':
        this.value = call.value;
        return { id, outcome: 'ok' };
      case 'look':
        return { id, outcome: 'ok', value: this.#last };
      case 'add':
        return this.#link(id, call.element, this.#last);
      case 'put':
        return this.#link(id, call.element, call.seen);
    }
  }

  #link(id: string, element: string, before: number): ResourceAnswer {
    this.#last = this.#links.push({ element, before });
    return { id, outcome: 'ok' };
  }

  get elements(): string[] {
    const found: string[] = [];
    for (let at = this.#last; at > 0; at = this.#links[at - 1]!.before)
      found.push(this.#links[at - 1]!.element);
    return found.toReversed();
  }
}

/** What leaders work on, kept in this process and reached over loopback. */
export class Resources {
  readonly #handled: Handled[] = [];
  readonly #resources = new Map<string, Resource>();
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on(
      'data',
      lines((line) => {
        const request = JSON.parse(line) as ResourceRequest;
        const answer = this.#of(request).handle(request);
        this.#handled.push({ request, answer });
        if (socket.writable) socket.write(`${JSON.stringify(answer)}\n`);
      }),
    );
  });

  async open(): Promise<Address> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port };
  }

  inventory(): Inventory {
    const contents = [...this.#resources.values()].map(({ name, key, greatest, value, elements }) => ({
      resource: name,
      key,
      greatest,
      value: name.includes(' set ') ? elements : value,
    }));
    return { handled: [...this.#handled], contents };
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #of({ resource, key }: ResourceRequest): Resource {
    const found = this.#resources.get(resource) ?? new Resource(resource, key);
    this.#resources.set(resource, found);
    return found;
  }
}
