import { Parking } from '@tenure/core/store';
import type { Key } from '@tenure/core/store';
import type { Connection, Driver } from './driver.ts';
import type { Layout } from './keys.ts';

/**
 * Who in this process waits for which news, over a connection of its own. News are hints: one that is lost costs time,
 * and nothing is decided by one that comes. A connection that was lost is made anew by the next verb.
 */
export class Newsroom {
  readonly parking: Parking = new Parking();
  readonly #driver: Driver;
  readonly #layout: Layout;
  /** By channel: the namespace, and when its messages are heard. */
  readonly #channels = new Map<string, { readonly namespace: string; heard?: Promise<void> }>();
  readonly #watchers = new Map<string, Set<() => void>>();
  readonly #sessions = new Map<string, { readonly revoked: () => void; readonly ended: () => void }>();
  #connection: Connection | undefined;
  #closed = false;

  constructor(driver: Driver, layout: Layout) {
    this.#driver = driver;
    this.#layout = layout;
  }

  /** Resolves when the namespace's news are heard from now on, or cannot be had now. Whoever looks after that misses nothing. */
  async listening(namespace: string, signal: AbortSignal): Promise<void> {
    if (this.#closed) return;
    const name = this.#layout.channel(namespace);
    const channel = this.#channels.get(name) ?? { namespace };
    this.#channels.set(name, channel);
    channel.heard ??= this.#subscribe(name);
    const heard = channel.heard.catch(() => {});
    let stop!: () => void;
    const stopped = new Promise<void>((resolve) => {
      stop = resolve;
      signal.addEventListener('abort', stop, { once: true });
    });
    await Promise.race([heard, stopped]);
    signal.removeEventListener('abort', stop);
  }

  /** Begin anew with the next verb: the connection is silent. */
  reset(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.close();
    for (const channel of this.#channels.values()) delete channel.heard;
    this.#missed();
  }

  watch(key: Key, changed: () => void): () => void {
    const name = this.#layout.lock(key);
    const watchers = this.#watchers.get(name) ?? new Set();
    this.#watchers.set(name, watchers.add(changed));
    return () => {
      watchers.delete(changed);
      if (watchers.size === 0 && this.#watchers.get(name) === watchers) this.#watchers.delete(name);
    };
  }

  /** News of the session that lies under that key. */
  about(sessionKey: string, tell: { readonly revoked: () => void; readonly ended: () => void }): () => void {
    this.#sessions.set(sessionKey, tell);
    return () => void this.#sessions.delete(sessionKey);
  }

  close(): void {
    this.#closed = true;
    this.reset();
  }

  async #subscribe(channel: string): Promise<void> {
    const connection = (this.#connection ??= this.#driver.connect({
      lost: () => {
        if (this.#connection === connection) this.reset();
      },
      message: (name, text) => this.#hear(name, text),
    }));
    await connection.ready;
    await connection.subscribe(channel);
  }

  #hear(name: string, text: string): void {
    const channel = this.#channels.get(name);
    if (!channel) return;
    const subject = text.slice(1);
    switch (text[0]) {
      case 'f':
        this.parking.wake({ namespace: channel.namespace, name: subject });
        this.#changed({ namespace: channel.namespace, name: subject });
        break;
      case 't':
        this.#changed({ namespace: channel.namespace, name: subject });
        break;
      case 'r':
        this.#sessions.get(subject)?.revoked();
        break;
      case 'e':
        // Whatever it held is free, and nobody has said what that was.
        this.#sessions.get(subject)?.ended();
        this.#missed();
        break;
      default:
    }
  }

  #changed(key: Key): void {
    for (const changed of this.#watchers.get(this.#layout.lock(key)) ?? []) changed();
  }

  /** Anything may have happened. */
  #missed(): void {
    this.parking.wakeAll();
    for (const watchers of this.#watchers.values()) for (const changed of watchers) changed();
  }
}
