import { StoreUnavailableError } from '@tenure/core/store';
import type { Connection, Lane } from './connection.ts';
import { pairOf, type Pair } from './pair.ts';
import type { Target } from './plan.ts';
import { setImmediate as breathe } from 'node:timers/promises';

/** What a query saw: everything at its target that exists, at one instant. */
export interface Sight {
  readonly pairs: ReadonlyMap<string, Pair>;
  readonly index: number;
  /** When it was asked, on the lookout's count of events. */
  readonly asked: number;
}

export interface ShardHost {
  readonly connection: Connection;
  /** Longest wait of a query; silence beyond it is trouble. */
  waitMs(): number;
  /** The newest index at which all who watch the key have seen it; 0 if somebody has not. */
  since(path: string): number;
  /** A number greater than all before. */
  stamp(): number;
  /** True if something that somebody waits for has changed. */
  seen(shard: Shard, sight: Sight): boolean;
  failed(shard: Shard, error: unknown): void;
}

/** Above every raft index: a query that waits for it only waits. Still a safe integer for whoever parses it as one. */
const NEVER = Number.MAX_SAFE_INTEGER;

/** After so many wake-ups in a row that brought nothing new, a query looks at intervals instead; one of a folder, whose answers are long, after one. */
const PATIENCE = 3;
const MAX_PAUSE_MS = 200;

/** One blocking query, asked again and again. */
export class Shard {
  readonly target: Target;
  /** The keys somebody waits for. */
  readonly keys: Set<string> = new Set();
  /** The newest answer. */
  sight: Sight | undefined;
  /** The lookout's round in which the newest answer came. */
  answeredIn = -1;
  readonly #host: ShardHost;
  #running: AbortController | undefined;
  #isResting = false;

  constructor(target: Target, host: ShardHost) {
    this.target = target;
    this.#host = host;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** It was answered when nobody waited for it, and has not been asked again. */
  get isResting(): boolean {
    return this.#isResting;
  }

  /** What is known up to `since` is not asked for again, where one key's index tells that. */
  start(since: number): void {
    if (this.#running) return;
    this.#isResting = false;
    this.#running = new AbortController();
    void this.#run(this.#running, this.target.recurse ? 0 : since);
  }

  stop(): void {
    this.#running?.abort();
    this.#running = undefined;
  }

  /** One look, without waiting. */
  async look(lane: Lane, signal: AbortSignal): Promise<Sight> {
    return this.#ask(lane, {}, undefined, signal);
  }

  async #run(running: AbortController, since: number): Promise<void> {
    let index = since;
    let fruitless = 0;
    try {
      while (!running.signal.aborted) {
        // Consul's own `wait` is the pause: a store has no timers. A query for an index that never comes returns
        // when the wait is over, however often foreign keys change meanwhile.
        const patience = this.target.recurse ? 0 : PATIENCE;
        const pauseMs =
          fruitless <= patience ? 0 : Math.min(25 * 2 ** (fruitless - patience - 1), MAX_PAUSE_MS);
        const sight = await this.#ask('queries', ...this.#blocking(index, pauseMs), running.signal);
        const hasNews = this.#host.seen(this, sight);
        // Whoever was woken claims first, and needs the query no more then.
        if (hasNews) await breathe();
        if (this.keys.size === 0) return this.#rest(running);
        const isTimeout = sight.index === index && index > 1;
        fruitless = hasNews || isTimeout ? 0 : fruitless + 1;
        // An index that went back (a restored snapshot, a reaped tombstone) says nothing: start anew.
        index = sight.index < index ? 0 : sight.index;
      }
    } catch (error) {
      if (running.signal.aborted) return;
      this.#running = undefined;
      this.#host.failed(this, error);
    }
  }

  /** Nobody waits for the next answer. What it has seen is old when somebody does. */
  #rest(running: AbortController): void {
    if (this.#running !== running) return;
    this.#running = undefined;
    this.#isResting = true;
    this.sight = undefined;
  }

  #blocking(index: number, pauseMs: number): [Record<string, string>, number] {
    const longestMs = this.#host.waitMs();
    const waitMs = pauseMs > 0 ? Math.min(pauseMs, longestMs) : longestMs;
    const query = index === 0 ? {} : { index: String(pauseMs > 0 ? NEVER : index), wait: `${waitMs}ms` };
    // The server adds up to a sixteenth, so that queries do not return all at once.
    return [query, Math.ceil(waitMs * (17 / 16)) + Math.min(Math.max(waitMs, 500), 5000)];
  }

  async #ask(
    lane: Lane,
    query: Record<string, string>,
    timeoutMs: number | undefined,
    signal: AbortSignal,
  ): Promise<Sight> {
    const { path, recurse } = this.target;
    const asked = this.#host.stamp();
    const { status, index, body } = await this.#host.connection.ask(
      lane,
      {
        name: 'query',
        method: 'GET',
        path: '/kv/{key}',
        params: { key: path },
        query: { consistent: '1', ...(recurse ? { recurse: '1' } : {}), ...query },
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      },
      signal,
    );
    // Nothing there is an answer with an index of its own. One below 1, which is a fault, would ask for no wait at all.
    const known = this.sight?.pairs;
    const found = status === 200 && Array.isArray(body) ? body.map((raw) => pairOf(raw, known)) : [];
    if (index === undefined || (status !== 200 && status !== 404)) {
      throw new StoreUnavailableError(`consul: query: unexpected answer ${status} ${JSON.stringify(body)}`);
    }
    return { pairs: new Map(found.map((pair) => [pair.path, pair])), index: Math.max(1, index), asked };
  }
}
