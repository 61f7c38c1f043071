import { setMaxListeners } from 'node:events';
import { ClosedError } from '@tenure/core/store';
import type { Answer, Database, Statement, Tables } from '../database.ts';
import { Turns } from '../connections/turns.ts';
import { untilAborted } from '../connections/until-aborted.ts';
import { OwnConnections, PooledConnections } from './connections.ts';
import type { Connections } from './connections.ts';
import { dialect } from './dialect.ts';
import { ask, loadDriver } from './driver.ts';
import type { MysqlConnection, MysqlConnectionOptions, OwnConnection } from './driver.ts';
import { failure, isDuplicate, leavesConnectionFit } from './failure.ts';
import { withLiterals } from './literals.ts';
import { migrateOn } from './migration.ts';
import { placeOf, poolIn } from './options.ts';
import type { Settings } from './options.ts';

/** Of our own; what the user says takes precedence. */
const CONNECTION_DEFAULTS: MysqlConnectionOptions = {
  connectTimeout: 5000,
  enableKeepAlive: true,
  keepAliveInitialDelay: 10_000,
};

const DONE_ALREADY: Answer = { rows: [], changed: 0 };

interface Loan {
  readonly connection: MysqlConnection;
  readonly giveBack: (fit: boolean) => void;
}

export class MysqlDatabase implements Database {
  readonly name = 'MySQL';
  readonly dialect: typeof dialect = dialect;
  readonly pollMs: number;
  readonly #tables: Tables;
  readonly #where: string;
  readonly #connections: Connections;
  readonly #turns: Turns;
  readonly #closing = new AbortController();

  constructor({ source, maxConnections, pollMs }: Settings, tables: Tables) {
    this.pollMs = pollMs;
    this.#tables = tables;
    this.#turns = new Turns(maxConnections);
    const pool = poolIn(source);
    this.#connections = pool ? new PooledConnections(pool) : new OwnConnections(() => make(source));
    this.#where = `MySQL at ${placeOf(source)}`;
    setMaxListeners(0, this.#closing.signal);
  }

  run(statement: Statement, signal: AbortSignal): Promise<Answer> {
    const sql = withLiterals(statement);
    return this.#withConnection(statement.urgent === true, signal, (connection) =>
      ask(connection, sql).catch((error: unknown) => {
        if (isDuplicate(error)) return DONE_ALREADY;
        throw error;
      }),
    );
  }

  migrate(statements: readonly string[], signal: AbortSignal): Promise<boolean> {
    return this.#withConnection(false, signal, (connection) =>
      migrateOn(connection, this.#tables, statements),
    );
  }

  async close(): Promise<void> {
    this.#closing.abort(new ClosedError('the MySQL store was closed'));
    await this.#connections.close();
  }

  async #withConnection<T>(
    urgent: boolean,
    signal: AbortSignal,
    work: (connection: MysqlConnection) => Promise<T>,
  ): Promise<T> {
    const signals = [signal, this.#closing.signal];
    const { connection, giveBack } = await this.#borrow(urgent, signals);
    try {
      const working = this.#connections.use(connection, () => work(connection));
      const result = await untilAborted(working, signals);
      giveBack(true);
      return result;
    } catch (error) {
      if (signals.some(({ aborted }) => aborted)) {
        // What it is asked next, it would answer after what it was asked before. The server may go on with that.
        giveBack(false);
        throw error;
      }
      giveBack(leavesConnectionFit(error));
      throw failure(error, this.#where, 'asked');
    }
  }

  async #borrow(urgent: boolean, signals: readonly AbortSignal[]): Promise<Loan> {
    const leave = await this.#turns.enter(urgent, signals);
    const giveBack = (connection: MysqlConnection, fit: boolean): void => {
      this.#connections.giveBack(connection, fit);
      leave();
    };
    // One that comes too late for this is there for the next.
    const coming = this.#connections.take();
    coming.catch(leave);
    try {
      const connection = await untilAborted(coming, signals, (late) => giveBack(late, true));
      return { connection, giveBack: (fit) => giveBack(connection, fit) };
    } catch (error) {
      if (signals.some(({ aborted }) => aborted)) throw error;
      throw failure(error, this.#where, 'connecting');
    }
  }
}

async function make(connection: Settings['source']): Promise<OwnConnection> {
  const driver = await loadDriver();
  return driver.createConnection({ ...CONNECTION_DEFAULTS, ...connection });
}
