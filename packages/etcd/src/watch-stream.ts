import type { IEvent, IWatchRequest, IWatchResponse } from 'etcd3';
import { StoreUnavailableError } from '@tenure/core/store';
import type { Stream } from './connection.ts';
import type { Endpoints } from './endpoints.ts';
import { isStaleToken, storeError } from './errors.ts';
import { watch } from './rpc.ts';

/** What to watch, and what becomes of it. After `gap` and `failed` the watch is over. */
export interface Watching {
  readonly key: Buffer;
  readonly range_end?: Buffer;
  /** The first revision of interest; 0: from now on. One that is past already is served from a slow path. */
  readonly from: bigint;
  readonly deletesOnly?: boolean;
  events(events: readonly IEvent[]): void;
  /** Revisions were compacted away that we had not seen: anything may have happened. */
  gap(): void;
  failed(error: Error): void;
}

const nothing = (): void => {};

interface Entry {
  readonly watching: Watching;
  from: bigint;
  deniedBefore: boolean;
}

/**
 * Any number of watches on one gRPC stream. A broken stream is resumed at once where it broke, on each endpoint
 * once; when that does not help, the watches fail, for whoever needs them to ask anew in their own time.
 */
export class WatchStream {
  readonly #endpoints: Endpoints;
  readonly #lifetime = new AbortController();
  readonly #entries = new Map<number, Entry>();
  /** Creations are answered in their order, refusals without an id among them. */
  #creating: number[] = [];
  #stream: Stream<IWatchRequest> | undefined;
  #opening = false;
  #nextId = 0;
  #heard = 0;
  #failures = 0;

  constructor(endpoints: Endpoints) {
    this.#endpoints = endpoints;
  }

  /** Returns its id, for {@link remove}. */
  add(watching: Watching): number {
    this.#nextId += 1;
    const id = this.#nextId;
    this.#entries.set(id, { watching, from: watching.from, deniedBefore: false });
    if (this.#stream?.connection.retired === false) this.#create(id);
    else this.#restart();
    return id;
  }

  remove(id: number): void {
    if (this.#entries.delete(id)) this.#stream?.send({ cancel_request: { watch_id: String(id) } });
  }

  /**
   * Ask for a sign of life. The function that it returns tells whether any was heard since; called a whole
   * renewal period later, a stream that has said nothing at all is deaf, and is replaced. A progress request
   * would not do: etcd leaves it unanswered while a watch waits for a revision to come, as ours do.
   */
  probe(): () => void {
    // A stream that opens and breaks over and over is resumed so often in a renewal period, and no oftener.
    this.#failures = 0;
    const heard = this.#heard;
    const stream = this.#stream;
    const [entry] = this.#entries.values();
    if (!entry || !stream) return nothing;
    const { key } = entry.watching;
    // A creation that is under way already will be answered too.
    if (this.#creating.length === 0) {
      this.remove(this.add({ key, from: 0n, events: nothing, gap: nothing, failed: nothing }));
    }
    return () => {
      if (this.#stream === stream && this.#heard === heard) this.#restart();
    };
  }

  close(): void {
    this.#lifetime.abort();
    this.#stream?.close();
    this.#stream = undefined;
    this.#failAll(new StoreUnavailableError('the etcd store is closed'));
  }

  #create(id: number): void {
    const entry = this.#entries.get(id);
    if (!entry || !this.#stream) return;
    const { key, range_end, deletesOnly } = entry.watching;
    this.#creating.push(id);
    this.#stream.send({
      create_request: {
        watch_id: String(id),
        key,
        start_revision: String(entry.from),
        ...(range_end && { range_end }),
        ...(deletesOnly && { filters: ['Noput'] }),
      },
    });
  }

  #restart(): void {
    if (this.#opening || this.#lifetime.signal.aborted) return;
    this.#stream?.close();
    this.#stream = undefined;
    void this.#open();
  }

  async #open(): Promise<void> {
    this.#opening = true;
    this.#creating = [];
    let brokenBy: Error | undefined;
    try {
      const stream = await this.#endpoints.open<IWatchRequest, IWatchResponse>(
        watch,
        {
          data: (response) => this.#data(response),
          closed: (error) => {
            brokenBy = error;
            if (!this.#opening) this.#broken(brokenBy);
          },
          retired: () => {
            if (this.#entries.size > 0) this.#restart();
          },
        },
        this.#lifetime.signal,
      );
      if (brokenBy) throw brokenBy;
      this.#opening = false;
      this.#stream = stream;
      for (const id of this.#entries.keys()) this.#create(id);
    } catch (error) {
      this.#opening = false;
      this.#broken(error as Error);
    }
  }

  #broken(error: Error): void {
    this.#stream = undefined;
    if (this.#lifetime.signal.aborted || this.#entries.size === 0) return;
    this.#failures += 1;
    if (this.#failures <= this.#endpoints.tries) return this.#restart();
    this.#failures = 0;
    this.#failAll(error);
  }

  #failAll(error: Error): void {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const { watching } of entries) watching.failed(error);
  }

  #data(response: IWatchResponse): void {
    this.#heard += 1;
    const told = Number(response.watch_id);
    const id = response.created ? this.#created(told) : told;
    const entry = this.#entries.get(id);
    if (!entry) return;
    if (response.canceled) return this.#canceled(id, entry, response);
    if (response.created) entry.deniedBefore = false;
    const last = response.events.at(-1);
    if (!last) return;
    // Not the header's revision: a watch that catches up is told it before it has all events up to it.
    entry.from = BigInt(last.kv.mod_revision) + 1n;
    entry.watching.events(response.events);
  }

  #created(id: number): number {
    const at = Math.max(0, this.#creating.indexOf(id));
    return this.#creating.splice(at, 1)[0] ?? id;
  }

  #canceled(id: number, entry: Entry, { compact_revision, cancel_reason }: IWatchResponse): void {
    const stream = this.#stream;
    const stale = isStaleToken(new Error(cancel_reason)) || /permission denied/u.test(cancel_reason);
    if (compact_revision === '0' && stale && !entry.deniedBefore && stream) {
      // A stream keeps the token it was opened with, which may be too old for this watch.
      entry.deniedBefore = true;
      this.#endpoints.tokens.drop(stream.token, this.#lifetime.signal).then(
        () => {
          if (this.#stream === stream) this.#restart();
        },
        () => {},
      );
      return;
    }
    this.#entries.delete(id);
    if (compact_revision === '0') {
      entry.watching.failed(
        storeError(new Error(cancel_reason), `etcd at ${stream?.connection.address}: watch`),
      );
    } else {
      entry.watching.gap();
    }
  }
}
