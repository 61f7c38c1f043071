import { later, systemClock } from '@tenure/core/store';
import { cancel } from './cancellation.ts';
import type { OwnClient, PostgresClient, PostgresPool, PostgresPoolClient } from './driver.ts';

/** How a connection was left: it may be used again; it is broken; or it owes an answer. */
export type Condition = 'fit' | 'broken' | 'silent';

/** Where connections come from, one for each statement. */
export interface Connections {
  /** One that nobody else uses meanwhile, if it can be had at once. */
  takeIdle(): PostgresClient | undefined;
  /** One that nobody else uses meanwhile. */
  take(): Promise<PostgresClient>;
  giveBack(client: PostgresClient, condition: Condition): void;
  close(): Promise<void>;
}

const ignore = (): void => {};
const FAREWELL_MS = 500;

/** Connections of our own. The last one used is used next, so that a quiet process needs only one. */
export class OwnConnections implements Connections {
  readonly #make: () => Promise<OwnClient>;
  readonly #open = new Set<OwnClient>();
  #idle: OwnClient[] = [];
  #closed = false;

  constructor(make: () => Promise<OwnClient>) {
    this.#make = make;
  }

  takeIdle(): PostgresClient | undefined {
    return this.#idle.pop();
  }

  async take(): Promise<PostgresClient> {
    const idle = this.#idle.pop();
    if (idle) return idle;
    const client = await this.#make();
    // Also while it is in use: an error without a listener would end the process.
    client.on('error', ignore);
    client.on('end', () => this.#forget(client));
    this.#open.add(client);
    try {
      await client.connect();
    } catch (error) {
      this.#forget(client);
      destroy(client);
      throw error;
    }
    if (this.#closed) destroy(client);
    return client;
  }

  giveBack(lent: PostgresClient, condition: Condition): void {
    const client = lent as OwnClient;
    if (condition === 'fit' && this.#open.has(client) && !this.#closed) {
      this.#idle.push(client);
      return;
    }
    if (condition === 'silent' && !this.#closed) cancel(client, () => destroy(client));
    else destroy(client);
    // What ended one has probably ended all of them, and each would cost a renewal to find out.
    for (const other of this.#idle.splice(0)) farewell(other).catch(ignore);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const idle = new Set(this.#idle.splice(0));
    for (const client of this.#open) if (!idle.has(client)) destroy(client);
    await Promise.all([...idle].map(farewell));
  }

  #forget(client: OwnClient): void {
    this.#open.delete(client);
    this.#idle = this.#idle.filter((other) => other !== client);
  }
}

/** Connections of the user's own pool: taken for one statement, and given back after it. */
export class PooledConnections implements Connections {
  readonly #pool: PostgresPool;

  constructor(pool: PostgresPool) {
    this.#pool = pool;
    pool.on('error', ignore);
  }

  takeIdle(): undefined {
    return undefined;
  }

  async take(): Promise<PostgresClient> {
    const client = await this.#pool.connect();
    client.on('error', ignore);
    return client;
  }

  giveBack(lent: PostgresClient, condition: Condition): void {
    const client = lent as PostgresPoolClient;
    const release = (): void => {
      // Its own listener is in place again before ours goes.
      client.release(condition !== 'fit');
      client.removeListener('error', ignore);
    };
    if (condition === 'silent') cancel(lent as OwnClient, release);
    else release();
  }

  /** The pool stays open: it is not ours. */
  async close(): Promise<void> {
    this.#pool.removeListener('error', ignore);
  }
}

/** Takes leave of the server, and does not wait long for its answer. */
export async function farewell(client: OwnClient): Promise<void> {
  const giveUp = systemClock.alarm(later(systemClock.now(), FAREWELL_MS), () => destroy(client));
  try {
    await client.end();
  } finally {
    giveUp();
  }
}

export function destroy(client: OwnClient): void {
  client.end().catch(ignore);
  client.connection?.stream?.destroy();
}
