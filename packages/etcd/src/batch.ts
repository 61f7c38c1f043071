import type { ITxnRequest, ITxnResponse } from 'etcd3';
import { abortable } from './abort.ts';
import type { Endpoints } from './endpoints.ts';
import { isRefusedAsBatch } from './errors.ts';
import { txn } from './rpc.ts';

/** etcd takes 128 operations in a transaction (`--max-txn-ops`), those of the largest one inside it included. */
const MOST = 64;
const MOST_BYTES = 256 * 1024;

/** A transaction that may share a request with others. */
export interface Part {
  readonly request: ITxnRequest;
  /** Two of the same are never put together: all that one request writes has the same revision, and that is the token. */
  readonly lane: string;
  readonly bytes: number;
}

interface Entry extends Part {
  readonly signal: AbortSignal;
  readonly resolve: (response: ITxnResponse) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Transactions of one session that come in the same turn of the event loop go to etcd as one, each in a transaction of
 * its own inside it: ten thousand elections then cost some hundred requests. One that comes alone goes alone.
 */
export class Batch {
  readonly #endpoints: Endpoints;
  #waiting: Entry[] = [];

  constructor(endpoints: Endpoints) {
    this.#endpoints = endpoints;
  }

  run(part: Part, signal: AbortSignal): Promise<ITxnResponse> {
    return abortable(signal, (resolve, reject) => {
      const entry: Entry = { ...part, signal, resolve, reject };
      if (this.#waiting.length === 0) setImmediate(() => this.#flush());
      this.#waiting.push(entry);
      return () => {
        this.#waiting = this.#waiting.filter((other) => other !== entry);
      };
    });
  }

  #flush(): void {
    while (this.#waiting.length > 0) {
      const lanes = new Set<string>();
      let bytes = 0;
      const [taken, left]: [Entry[], Entry[]] = [[], []];
      for (const entry of this.#waiting) {
        const fits = taken.length < MOST && bytes + entry.bytes <= MOST_BYTES && !lanes.has(entry.lane);
        if (!fits && taken.length > 0) {
          left.push(entry);
          continue;
        }
        taken.push(entry);
        lanes.add(entry.lane);
        bytes += entry.bytes;
      }
      this.#waiting = left;
      void this.#send(taken);
    }
  }

  /** Never rejects. */
  async #send(entries: readonly Entry[]): Promise<void> {
    const [only] = entries;
    if (entries.length === 1 && only) return this.#sendAlone(only);
    const left = new AbortController();
    let staying = entries.length;
    const leave = (): void => {
      staying -= 1;
      if (staying === 0) left.abort();
    };
    for (const { signal } of entries) signal.addEventListener('abort', leave, { once: true });
    try {
      const success = entries.map(({ request }) => ({ request_txn: request }));
      const { header, responses } = await this.#endpoints.call(txn, { success }, left.signal);
      for (const [index, { resolve }] of entries.entries()) {
        resolve({ ...responses[index]!.response_txn, header });
      }
    } catch (error) {
      // One of them may be what etcd does not take; the others must not suffer for it.
      if (isRefusedAsBatch(error)) await Promise.all(entries.map((entry) => this.#sendAlone(entry)));
      else for (const { reject } of entries) reject(error as Error);
    } finally {
      for (const { signal } of entries) signal.removeEventListener('abort', leave);
    }
  }

  /** Never rejects. */
  async #sendAlone({ request, signal, resolve, reject }: Entry): Promise<void> {
    try {
      resolve(await this.#endpoints.call(txn, request, signal));
    } catch (error) {
      reject(error as Error);
    }
  }
}
