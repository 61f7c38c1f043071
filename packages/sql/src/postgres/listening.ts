import { later, StoreUnavailableError } from '@tenure/core/store';
import type { Clock } from '@tenure/core/store';
import type { Listener } from '../database.ts';
import { destroy, farewell } from './connections.ts';
import { quote } from './dialect.ts';
import { queryOf } from './driver.ts';
import type { Notification, OwnClient } from './driver.ts';
import { newsOf } from './news.ts';
import { untilAborted } from '../connections/until-aborted.ts';

export interface ListeningOptions {
  /** A client that is not connected yet. */
  readonly make: () => Promise<OwnClient>;
  readonly channel: string;
  readonly clock: Clock;
  /** The user says that this connection reaches the server itself: it is not examined. */
  readonly trusted: boolean;
}

const PATIENCE_MS = 5000;
/** Between attempts: soon after the first failure, and then less often. */
const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 5000;
const ignore = (): void => {};

interface Round {
  client: OwnClient | undefined;
  /** Undefined once it is. */
  settled: Promise<void> | undefined;
}

/**
 * One connection that listens for as long as somebody wants to hear, and is made anew when it breaks. While it cannot
 * be had, everybody is told to look with each attempt.
 *
 * A connection that is half open is found by TCP's keep-alive, within half a minute; until then nobody is woken, and
 * waiters ask when their patience is over. Safety never rests on it.
 */
export class Listening {
  readonly #options: ListeningOptions;
  readonly #listeners = new Set<Listener>();
  /** Each attempt and what came of it; what an older one brings counts for nothing. */
  #round: Round | undefined;
  #cancelRetry = (): void => {};
  #delayMs = FIRST_DELAY_MS;
  #missing = false;
  #warned = false;

  constructor(options: ListeningOptions) {
    this.#options = options;
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#try();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#stop().catch(ignore);
    };
  }

  /** Resolves when it is known whether anything is heard. */
  async listening(signal: AbortSignal): Promise<void> {
    const { settled } = this.#round ?? {};
    if (settled) await untilAborted(settled, [signal]);
  }

  /** False from when the connection was lost, or could not be had, until there is one again. */
  get hears(): boolean {
    return !this.#missing;
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    await this.#stop();
  }

  async #stop(): Promise<void> {
    this.#cancelRetry();
    const round = this.#round;
    this.#round = undefined;
    this.#missing = false;
    this.#delayMs = FIRST_DELAY_MS;
    if (!round?.client) return;
    if (round.settled) destroy(round.client);
    else await farewell(round.client);
  }

  #try(): void {
    const round: Round = { client: undefined, settled: undefined };
    this.#round = round;
    round.settled = this.#connect(round).then(
      () => {
        round.settled = undefined;
        if (round !== this.#round) return;
        this.#delayMs = FIRST_DELAY_MS;
        if (this.#missing) this.#missed();
        this.#missing = false;
      },
      () => {
        round.settled = undefined;
        this.#lost(round);
      },
    );
  }

  async #connect(round: Round): Promise<void> {
    const { make, clock, channel, trusted } = this.#options;
    const client = await make();
    round.client = client;
    const giveUp = clock.alarm(later(clock.now(), PATIENCE_MS), () => destroy(client));
    client.on('error', ignore);
    client.on('notification', (notification) => this.#hear(round, notification));
    try {
      if (round !== this.#round) throw new StoreUnavailableError('nobody listens any more');
      await client.connect();
      if (!trusted) await this.#refusePooler(client);
      await client.query(queryOf(`LISTEN ${quote(channel)}`));
      if (round !== this.#round) throw new StoreUnavailableError('nobody listens any more');
      client.on('end', () => this.#lost(round));
    } catch (error) {
      destroy(client);
      throw error;
    } finally {
      giveUp();
    }
  }

  /**
   * A pooler that lends its server connections by the transaction takes LISTEN and delivers nothing. It gives itself
   * away by the process id, which is not the server's.
   */
  async #refusePooler(client: OwnClient): Promise<void> {
    const { rows } = await client.query(queryOf('SELECT pg_backend_pid() AS pid'));
    if (rows[0]?.['pid'] === client.processID) return;
    if (!this.#warned) {
      process.emitWarning(
        'PostgreSQL is reached through a pooler, where nothing can be heard: waiters look every few seconds. ' +
          'Give the store a way to the server itself, listen: { url }, or say listen: false',
        { code: 'TENURE_LISTEN' },
      );
    }
    this.#warned = true;
    throw new StoreUnavailableError('a pooler delivers no notifications');
  }

  #lost(round: Round): void {
    if (round !== this.#round) return;
    round.client = undefined;
    this.#missing = true;
    this.#missed();
    const { clock } = this.#options;
    this.#cancelRetry = clock.alarm(later(clock.now(), this.#delayMs), () => this.#try());
    this.#delayMs = Math.min(LONGEST_DELAY_MS, this.#delayMs * 2);
  }

  #hear(round: Round, { channel, payload }: Notification): void {
    if (round !== this.#round || channel !== this.#options.channel) return;
    const news = newsOf(payload);
    if (!news) this.#missed();
    else for (const listener of this.#listeners) listener.hear(news);
  }

  #missed(): void {
    for (const listener of this.#listeners) listener.missed();
  }
}
