import { abortable, isPast, later, Parking } from '@tenure/core/store';
import type { Clock, Instant, Key } from '@tenure/core/store';
import type { Connection, Driver } from './driver.ts';
import type { Layout } from './keys.ts';

/** What was asked for and has not come for so long will not come. */
const GIVEN_UP_AFTER_MS = 3000;

interface Channel {
  readonly namespace: string;
  state: 'asked' | 'heard' | 'refused';
  /** It was asked for long ago, and is not heard. */
  overdue: boolean;
  heardAt: Instant | undefined;
  /** Called with the next thing that is heard. */
  readonly proofs: Set<() => void>;
  readonly calm: () => void;
}

/**
 * Who in this process waits for which news, over a connection of its own. News are hints: one that is lost costs time,
 * and nothing is decided by one that comes. A connection that was lost is made anew by the next verb. No verb waits for
 * it: who looked before the news were heard is told to look again once they are.
 */
export class Newsroom {
  readonly parking: Parking = new Parking();
  readonly #driver: Driver;
  readonly #clock: Clock;
  readonly #layout: Layout;
  readonly #channels = new Map<string, Channel>();
  readonly #watchers = new Map<string, Set<() => void>>();
  readonly #sessions = new Map<string, { readonly revoked: () => void; readonly ended: () => void }>();
  #connection: Connection | undefined;
  #closed = false;

  constructor(driver: Driver, clock: Clock, layout: Layout) {
    this.#driver = driver;
    this.#clock = clock;
    this.#layout = layout;
  }

  /** Sees to it that the namespace's news are heard. */
  listen(namespace: string): void {
    if (this.#closed) return;
    const name = this.#layout.channel(namespace);
    const known = this.#channels.get(name);
    if (known && !known.overdue) return;
    // Whoever was refused may be admitted now; where nothing was said, the connection is dead.
    if (known?.state === 'asked') this.reset();
    const calm = this.#clock.alarm(later(this.#clock.now(), GIVEN_UP_AFTER_MS), () => {
      channel.overdue = true;
      this.#missed();
    });
    const channel: Channel = {
      namespace,
      state: 'asked',
      overdue: false,
      heardAt: undefined,
      proofs: new Set(),
      calm,
    };
    this.#channels.set(name, channel);
    void this.#subscribe(name, channel);
  }

  /** Whether the namespace's news are heard, and were not long ago. What has been heard since shows it. */
  hearing(namespace: string, silentMs: number): 'deaf' | 'silent' | 'heard' {
    this.listen(namespace);
    const channel = this.#channels.get(this.#layout.channel(namespace));
    if (channel?.state !== 'heard') return 'deaf';
    const { heardAt } = channel;
    return heardAt && !isPast(later(heardAt, silentMs), this.#clock.now()) ? 'heard' : 'silent';
  }

  /**
   * Resolves with the next thing that is heard of the namespace. A connection that brings nothing until the signal
   * aborts is dead: then everybody is told to look.
   */
  async heard(namespace: string, signal: AbortSignal): Promise<void> {
    const name = this.#layout.channel(namespace);
    const channel = this.#channels.get(name);
    try {
      await abortable(new Promise<void>((resolve) => channel?.proofs.add(resolve)), signal);
    } catch (error) {
      if (channel && this.#channels.get(name) === channel) this.reset();
      throw error;
    }
  }

  /** Begin anew with the next verb: the connection is silent, or lost. */
  reset(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.close();
    const channels = [...this.#channels.values()];
    this.#channels.clear();
    for (const { calm } of channels) calm();
    // Otherwise nobody has relied on it, and waking them would have them ask without end.
    if (channels.some(({ state }) => state === 'heard')) this.#missed();
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
    this.#missed();
  }

  /** Never rejects. */
  async #subscribe(name: string, channel: Channel): Promise<void> {
    const connection = (this.#connection ??= this.#connect());
    try {
      await connection.ready;
      await connection.subscribe(name);
    } catch {
      channel.state = 'refused';
      return;
    }
    if (this.#channels.get(name) !== channel) return;
    channel.state = 'heard';
    channel.calm();
    this.#missed();
  }

  #connect(): Connection {
    const connection = this.#driver.connect({
      lost: () => {
        if (this.#connection === connection) this.reset();
      },
      message: (name, text) => this.#hear(name, text),
    });
    return connection;
  }

  #hear(name: string, text: string): void {
    const channel = this.#channels.get(name);
    if (!channel) return;
    channel.heardAt = this.#clock.now();
    for (const prove of channel.proofs) prove();
    channel.proofs.clear();
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
