import { abortable } from './abort.ts';
import type { Stream } from './connection.ts';
import type { Endpoints } from './endpoints.ts';
import { isStaleToken } from './errors.ts';
import { leaseKeepAlive } from './rpc.ts';

interface Line {
  readonly stream: Stream<{ readonly ID: string }>;
  /** Whoever waits for the answer to the one request that is outstanding. */
  asker: { answered(ttlSeconds: bigint): void; failed(error: Error): void } | undefined;
  broken?: Error;
}

/**
 * Keeps a lease alive over a stream that lasts from one renewal to the next. Answers carry no request id, so a
 * stream never has more than one request outstanding, and one that owes an answer is not used again: the late
 * answer to an old request would make the lease seem to live longer than it does.
 */
export class Keepalive {
  readonly #endpoints: Endpoints;
  readonly #lease: string;
  #spare: Line | undefined;
  #closed = false;

  constructor(endpoints: Endpoints, lease: string) {
    this.#endpoints = endpoints;
    this.#lease = lease;
  }

  /** Seconds the lease lives from now on; 0 or less when it is over. */
  async beat(signal: AbortSignal): Promise<bigint> {
    const spare = this.#takeSpare();
    if (spare) return this.#ask(spare, signal);
    const fresh = await this.#open(signal);
    try {
      return await this.#ask(fresh, signal);
    } catch (error) {
      if (signal.aborted || !isStaleToken((error as Error).cause ?? error)) throw error;
      await this.#endpoints.tokens.drop(fresh.stream.token, signal);
      return this.#ask(await this.#open(signal), signal);
    }
  }

  close(): void {
    this.#closed = true;
    this.#takeSpare()?.stream.close();
  }

  #takeSpare(): Line | undefined {
    const spare = this.#spare;
    this.#spare = undefined;
    if (!spare?.stream.connection.retired) return spare;
    spare.stream.close();
    return undefined;
  }

  async #open(signal: AbortSignal): Promise<Line> {
    const line: Omit<Line, 'stream'> & { stream?: Line['stream'] } = { asker: undefined };
    line.stream = await this.#endpoints.open(
      leaseKeepAlive,
      {
        data: ({ TTL }) => {
          const { asker } = line;
          line.asker = undefined;
          // An answer that nobody asked for: the stream can't be trusted with the next request.
          if (asker && !this.#spare && !this.#closed) this.#spare = line as Line;
          else this.#drop(line as Line);
          asker?.answered(BigInt(TTL));
        },
        closed: (error) => {
          if (this.#spare === line) this.#spare = undefined;
          line.broken = error;
          line.asker?.failed(error);
        },
      },
      signal,
    );
    return line as Line;
  }

  #drop(line: Line): void {
    if (this.#spare === line) this.#spare = undefined;
    line.stream.close();
  }

  #ask(line: Line, signal: AbortSignal): Promise<bigint> {
    return abortable(signal, (resolve, reject) => {
      if (line.broken) reject(line.broken);
      line.asker = { answered: resolve, failed: reject };
      line.stream.send({ ID: this.#lease });
      return () => {
        line.asker = undefined;
        line.stream.abandon();
      };
    });
  }
}
