import { abortable, isPast, later } from '@tenure/core/store';
import type { Clock, Instant } from '@tenure/core/store';
import type { Connection, Driver } from './driver.ts';

/** What was asked for and has not come for so long will not come. */
const GIVEN_UP_AFTER_MS = 3000;

interface Channel {
  state: 'asked' | 'heard' | 'refused';
  /** It was asked for long ago, and is not heard. */
  overdue: boolean;
}

interface Listener {
  message(channel: string, text: string): void;
  /** From now on it is heard: who looked before may have missed something. Or it is overdue, and nobody knows. */
  unsure(channel: string): void;
  /** What was heard is not heard any more. */
  lost(): void;
}

/**
 * The channels that are heard, over a connection of its own, which is made anew by the next verb when it was lost. No verb
 * waits for it.
 */
export class Subscriptions {
  readonly #driver: Driver;
  readonly #clock: Clock;
  readonly #listener: Listener;
  readonly #channels = new Map<string, Channel>();
  /** Of channels that are not heard: when those who wait are told so, one attempt after another or not. */
  readonly #patience = new Map<string, () => void>();
  /** Called with the next thing that is heard. */
  readonly #proofs = new Set<() => void>();
  #heardAt: Instant | undefined;
  #connection: Connection | undefined;
  #closed = false;

  constructor(driver: Driver, clock: Clock, listener: Listener) {
    this.#driver = driver;
    this.#clock = clock;
    this.#listener = listener;
  }

  /** Sees to it that the channel is heard. */
  hear(name: string): void {
    const known = this.#channels.get(name);
    if ((known && !known.overdue) || this.#closed) return;
    // Whoever was refused may be admitted now; where nothing was said, the connection is dead.
    if (known?.state === 'asked') this.reset();
    if (!this.#patience.has(name)) {
      const due = later(this.#clock.now(), GIVEN_UP_AFTER_MS);
      this.#patience.set(
        name,
        this.#clock.alarm(due, () => this.#giveUp(name)),
      );
    }
    const channel: Channel = { state: 'asked', overdue: false };
    this.#channels.set(name, channel);
    void this.#subscribe(name, channel);
  }

  /** Nobody needs it any more. */
  leave(name: string): void {
    const channel = this.#channels.get(name);
    this.#channels.delete(name);
    this.#calm(name);
    if (channel?.state === 'heard') this.#connection?.unsubscribe(name).catch(() => {});
  }

  /** Whether they are heard, and anything was not long ago: that shows it. */
  hearing(names: readonly string[], silentMs: number): 'deaf' | 'silent' | 'heard' {
    for (const name of names) this.hear(name);
    if (!names.every((name) => this.#channels.get(name)?.state === 'heard')) return 'deaf';
    const at = this.#heardAt;
    return at && !isPast(later(at, silentMs), this.#clock.now()) ? 'heard' : 'silent';
  }

  /** Resolves with the next thing that is heard. A connection that brings nothing until the signal aborts is dead. */
  async proof(signal: AbortSignal): Promise<void> {
    const connection = this.#connection;
    let prove!: () => void;
    const proven = new Promise<void>((resolve) => (prove = resolve));
    this.#proofs.add(prove);
    try {
      await abortable(proven, signal);
    } catch (error) {
      this.#proofs.delete(prove);
      if (connection && this.#connection === connection) this.reset();
      throw error;
    }
  }

  /** Begin anew with the next verb: the connection is silent, or lost. */
  reset(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#heardAt = undefined;
    connection?.close();
    const channels = [...this.#channels.values()];
    this.#channels.clear();
    // Otherwise nobody has relied on it, and waking them would have them ask without end.
    if (channels.some(({ state }) => state === 'heard')) this.#listener.lost();
  }

  close(): void {
    this.#closed = true;
    this.reset();
    for (const cancel of this.#patience.values()) cancel();
    this.#patience.clear();
  }

  #calm(name: string): void {
    this.#patience.get(name)?.();
    this.#patience.delete(name);
  }

  #giveUp(name: string): void {
    this.#patience.delete(name);
    const channel = this.#channels.get(name);
    if (channel) channel.overdue = true;
    this.#listener.unsure(name);
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
    if (this.#channels.get(name) !== channel) {
      // It was left while it was asked for.
      if (this.#connection === connection && !this.#channels.has(name))
        connection.unsubscribe(name).catch(() => {});
      return;
    }
    channel.state = 'heard';
    this.#calm(name);
    this.#listener.unsure(name);
  }

  #connect(): Connection {
    const connection = this.#driver.connect({
      lost: () => {
        if (this.#connection === connection) this.reset();
      },
      message: (name, text) => {
        this.#heardAt = this.#clock.now();
        for (const prove of this.#proofs) prove();
        this.#proofs.clear();
        if (this.#channels.has(name)) this.#listener.message(name, text);
      },
    });
    return connection;
  }
}
