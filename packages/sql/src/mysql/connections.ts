import { later, StoreUnavailableError, systemClock } from '@tenure/core/store';
import type { CallbackPool, MysqlConnection, MysqlPoolConnection, OwnConnection } from './driver.ts';
import { apart, setUp } from './isolation.ts';

/** Where connections come from, one for each statement. */
export interface Connections {
  /** One that nobody else uses meanwhile. */
  take(): Promise<MysqlConnection>;
  /** Does the work so that each of its statements is a transaction of its own, READ COMMITTED. */
  use<T>(connection: MysqlConnection, work: () => Promise<T>): Promise<T>;
  /** What is not fit is broken, owes an answer, or leads to a server that takes no writes any more: it is never used again. */
  giveBack(connection: MysqlConnection, fit: boolean): void;
  close(): Promise<void>;
}

const ignore = (): void => {};
const FAREWELL_MS = 500;
/** For what it is told first; how long it may take to connect is the driver's `connectTimeout`. */
const SETUP_MS = 5000;

/** Connections of our own. The last one used is used next, so that a quiet process needs only one. */
export class OwnConnections implements Connections {
  readonly #make: () => Promise<OwnConnection>;
  readonly #open = new Set<OwnConnection>();
  #idle: OwnConnection[] = [];
  #closed = false;

  constructor(make: () => Promise<OwnConnection>) {
    this.#make = make;
  }

  async take(): Promise<MysqlConnection> {
    const idle = this.#idle.pop();
    if (idle) return idle;
    const connection = await this.#make();
    // From now on, and also when it is over: an error without a listener would end the process.
    connection.on('error', () => this.#forget(connection));
    connection.on('end', () => this.#forget(connection));
    this.#open.add(connection);
    try {
      await ready(connection);
    } catch (error) {
      this.#forget(connection);
      destroy(connection);
      throw error;
    }
    if (this.#closed) destroy(connection);
    return connection;
  }

  use<T>(_: MysqlConnection, work: () => Promise<T>): Promise<T> {
    return work();
  }

  giveBack(lent: MysqlConnection, fit: boolean): void {
    const connection = lent as OwnConnection;
    if (fit && this.#open.has(connection) && !this.#closed) {
      this.#idle.push(connection);
      return;
    }
    this.#forget(connection);
    destroy(connection);
    // What happened to one has probably happened to all of them, and each would cost a renewal to find out.
    for (const other of this.#idle.splice(0)) farewell(other).catch(ignore);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const idle = new Set(this.#idle.splice(0));
    for (const connection of this.#open) if (!idle.has(connection)) destroy(connection);
    await Promise.all([...idle].map(farewell));
  }

  #forget(connection: OwnConnection): void {
    this.#open.delete(connection);
    this.#idle = this.#idle.filter((other) => other !== connection);
  }
}

/** Connections of the user's own pool: taken for one statement, given back after it, and left as they were. */
export class PooledConnections implements Connections {
  readonly #pool: CallbackPool;

  constructor(pool: CallbackPool) {
    this.#pool = pool;
  }

  take(): Promise<MysqlConnection> {
    return new Promise((resolve, reject) => {
      this.#pool.getConnection((error, connection: MysqlPoolConnection) => {
        if (error) {
          reject(error);
          return;
        }
        connection.on('error', ignore);
        resolve(connection);
      });
    });
  }

  use<T>(connection: MysqlConnection, work: () => Promise<T>): Promise<T> {
    return apart(connection, work);
  }

  giveBack(lent: MysqlConnection, fit: boolean): void {
    const connection = lent as MysqlPoolConnection;
    if (fit) {
      connection.removeListener('error', ignore);
      connection.release();
    } else {
      // It is out of the pool from now on, and our listener stays: it may have more than one error to tell.
      destroy(connection);
    }
  }

  /** The pool stays open: it is not ours. */
  async close(): Promise<void> {}
}

/** Connects and sets it up. Rejects also when it is destroyed meanwhile, of which the driver says nothing. */
async function ready(connection: OwnConnection): Promise<void> {
  const ended = new Promise<never>((_, reject) => {
    connection.stream?.once('close', () => {
      reject(new StoreUnavailableError('the connection ended before it could be used'));
    });
  });
  // Mostly long after somebody wants to hear it.
  ended.catch(ignore);
  const connected = new Promise<void>((resolve, reject) => {
    connection.connect((error) => (error ? reject(error) : resolve()));
  });
  await Promise.race([connected, ended]);
  const giveUp = systemClock.alarm(later(systemClock.now(), SETUP_MS), () => destroy(connection));
  try {
    await Promise.race([setUp(connection), ended]);
  } finally {
    giveUp();
  }
}

/** Takes leave of the server, and does not wait long for its answer. */
async function farewell(connection: OwnConnection): Promise<void> {
  const { stream } = connection;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      giveUp();
      destroy(connection);
      resolve();
    };
    const giveUp = systemClock.alarm(later(systemClock.now(), FAREWELL_MS), done);
    if (!stream || stream.closed === true) done();
    else stream.once('close', done);
    connection.end(ignore);
  });
}

function destroy(connection: MysqlConnection): void {
  connection.destroy();
  // The driver only ends it, which a server that is silent would never acknowledge.
  (connection as OwnConnection).stream?.destroy();
}
