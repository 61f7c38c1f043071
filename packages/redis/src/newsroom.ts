import { later } from '@tenure/core/store';
import type { Clock, Key, Parking } from '@tenure/core/store';
import type { Driver } from './driver.ts';
import type { Layout } from './keys.ts';
import { RESERVED_MS } from './queue.ts';
import { Subscriptions } from './subscriptions.ts';

/** Who is second asks a little later than the first may come. */
const LATE_MS = 20;

/** A session that has something to hear. */
export interface Reader {
  /** Its claims that wait. */
  readonly parking: Parking;
  revoked(): void;
  ended(): void;
}

/**
 * Who in this process waits for which news. What is meant for one session comes on a channel of its own, so that a
 * release wakes one process and no other. News are hints: one that is lost costs time, and nothing is decided by one that
 * comes. Who looked before the news were heard is told to look again once they are.
 */
export class Newsroom {
  readonly #clock: Clock;
  readonly #layout: Layout;
  readonly #subscriptions: Subscriptions;
  /** By the keys of their sessions, which are their channels, too. */
  readonly #readers = new Map<string, Reader>();
  readonly #watchers = new Map<string, Set<() => void>>();
  /** By the channels of all who wait, and of changes: of which namespace they are. */
  readonly #news = new Map<string, string>();
  readonly #changes = new Map<string, string>();
  /** Claims that are second in their queues. */
  readonly #seconds = new Map<string, () => void>();

  constructor(driver: Driver, clock: Clock, layout: Layout) {
    this.#clock = clock;
    this.#layout = layout;
    this.#subscriptions = new Subscriptions(driver, clock, {
      message: (channel, text) => this.#hear(channel, text),
      unsure: (channel) => this.#unsure(channel),
      lost: () => {
        this.#wakeAll();
        this.#changed();
      },
    });
  }

  /** Sees to it that what the session must know is heard. */
  listen(sessionKey: string, namespace: string): void {
    const news = this.#layout.news(namespace);
    this.#news.set(news, namespace);
    this.#subscriptions.hear(sessionKey);
    this.#subscriptions.hear(news);
  }

  /** Whether it is heard, and anything was not long ago. */
  hearing(sessionKey: string, namespace: string, silentMs: number): 'deaf' | 'silent' | 'heard' {
    this.listen(sessionKey, namespace);
    return this.#subscriptions.hearing([sessionKey, this.#layout.news(namespace)], silentMs);
  }

  /** Resolves with the next thing that is heard. When the signal aborts before that, everybody is told to look. */
  heard(signal: AbortSignal): Promise<void> {
    return this.#subscriptions.proof(signal);
  }

  /** Begin anew with the next verb: the connection is silent. */
  reset(): void {
    this.#subscriptions.reset();
  }

  watch(key: Key, changed: () => void): () => void {
    const name = this.#layout.lock(key);
    const watchers = this.#watchers.get(name) ?? new Set();
    this.#watchers.set(name, watchers.add(changed));
    this.observe(key.namespace);
    return () => {
      watchers.delete(changed);
      if (watchers.size === 0 && this.#watchers.get(name) === watchers) this.#watchers.delete(name);
    };
  }

  /** Sees to it that changes are heard. */
  observe(namespace: string): void {
    const channel = this.#layout.changes(namespace);
    this.#changes.set(channel, namespace);
    this.#subscriptions.hear(channel);
  }

  /** From now on it is told what concerns it. Returns the end of that. */
  about(sessionKey: string, reader: Reader): () => void {
    this.#readers.set(sessionKey, reader);
    return () => {
      this.#readers.delete(sessionKey);
      this.#subscriptions.leave(sessionKey);
      reader.parking.wakeAll();
    };
  }

  close(): void {
    this.#subscriptions.close();
    for (const cancel of this.#seconds.values()) cancel();
    this.#seconds.clear();
    this.#wakeAll();
    this.#changed();
  }

  #hear(channel: string, text: string): void {
    const subject = text.slice(1);
    switch (text[0]) {
      case 'n':
        this.#first(channel, subject);
        break;
      case 's':
        this.#second(channel, subject);
        break;
      case 'r':
        this.#readers.get(channel)?.revoked();
        break;
      case 't': {
        const namespace = this.#changes.get(channel);
        if (namespace === undefined) break;
        for (const changed of this.#watchers.get(this.#layout.lock({ namespace, name: subject })) ?? [])
          changed();
        break;
      }
      case 'f':
        this.#wake({ namespace: this.#news.get(channel) ?? '', name: subject });
        break;
      case 'e':
        // Whatever it held is free, and nobody has said what that was.
        if (this.#changes.has(channel)) this.#changed();
        else {
          this.#readers.get(subject)?.ended();
          this.#wakeAll();
        }
        break;
      default:
    }
  }

  #first(sessionKey: string, claimId: string): void {
    this.#seconds.get(claimId)?.();
    this.#seconds.delete(claimId);
    this.#readers.get(sessionKey)?.parking.leave(claimId);
  }

  /** Unless it is woken before, it is when the first one has had its time. */
  #second(sessionKey: string, claimId: string): void {
    if (this.#seconds.has(claimId)) return;
    const due = later(this.#clock.now(), RESERVED_MS + LATE_MS);
    this.#seconds.set(
      claimId,
      this.#clock.alarm(due, () => this.#first(sessionKey, claimId)),
    );
  }

  #unsure(channel: string): void {
    if (this.#changes.has(channel)) this.#changed();
    else if (this.#news.has(channel)) this.#wakeAll();
    else this.#readers.get(channel)?.parking.wakeAll();
  }

  #wake(key: Key): void {
    for (const { parking } of this.#readers.values()) parking.wake(key);
  }

  #wakeAll(): void {
    for (const { parking } of this.#readers.values()) parking.wakeAll();
  }

  #changed(): void {
    for (const watchers of this.#watchers.values()) for (const changed of watchers) changed();
  }
}
