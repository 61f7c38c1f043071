import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import type { Address } from '@tenure/conformance/network';
import { lines } from './request.ts';
import type { ResourceAnswer, ResourceRequest } from './request.ts';

/** A worker's way to the resources. What a broken or slow network swallows stays unanswered, and may arrive all the same. */
export class ResourceClient {
  readonly #address: Address;
  readonly #patienceMs: number;
  readonly #asked = new Map<string, (answer: ResourceAnswer | undefined) => void>();
  #socket: Socket | undefined;

  constructor(address: Address, patienceMs: number) {
    this.#address = address;
    this.#patienceMs = patienceMs;
  }

  /** Undefined: nobody knows what became of it. */
  ask(request: ResourceRequest): Promise<ResourceAnswer | undefined> {
    const socket = (this.#socket ??= this.#connect());
    return new Promise((resolve) => {
      const settle = (answer: ResourceAnswer | undefined): void => {
        clearTimeout(timer);
        this.#asked.delete(request.id);
        resolve(answer);
      };
      const timer = setTimeout(() => settle(undefined), this.#patienceMs);
      this.#asked.set(request.id, settle);
      socket.write(`${JSON.stringify(request)}\n`);
    });
  }

  close(): void {
    this.#socket?.destroy();
  }

  #connect(): Socket {
    const socket = createConnection(this.#address);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on(
      'data',
      lines((line) => {
        const answer = JSON.parse(line) as ResourceAnswer;
        this.#asked.get(answer.id)?.(answer);
      }),
    );
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined;
      for (const settle of this.#asked.values()) settle(undefined);
    });
    return socket;
  }
}
