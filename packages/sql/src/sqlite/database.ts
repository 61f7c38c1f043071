import { isDeepStrictEqual } from 'node:util';
import { ClosedError, StoreUnavailableError } from '@tenure/core/store';
import type { Answer, Database, Dialect, Row, Statement, Value } from '../database.ts';
import { borrow, openFile, refuseTransaction } from './connection.ts';
import type { Connection } from './connection.ts';
import { sqliteDialect } from './dialect.ts';
import { loadDriver } from './driver.ts';
import type { DriverName, SqliteDriver } from './driver.ts';
import { failureOf } from './failure.ts';
import type { SqliteSettings } from './options.ts';

/** One connection to a file on this machine. Every statement blocks the event loop for as long as it takes. */
export class SqliteDatabase implements Database {
  readonly name = 'SQLite';
  readonly dialect: Dialect = sqliteDialect;
  readonly pollMs: number;
  readonly #settings: SqliteSettings;
  #loading: Promise<SqliteDriver> | undefined;
  #connection: Connection | undefined;
  #dataVersion: unknown;
  /** In this turn of the event loop. */
  #ran = false;
  #closed = false;

  constructor(settings: SqliteSettings) {
    this.#settings = settings;
    this.pollMs = settings.pollMs;
  }

  run(statement: Statement, signal: AbortSignal): Promise<Answer> {
    return this.#use(signal, (connection) => {
      const work = (): Answer => ask(connection, statement);
      return statement.text.startsWith('SELECT') ? work() : inTransaction(connection, work);
    });
  }

  /** One transaction, and so the disk is waited for once. */
  runTogether(statements: readonly Statement[], signal: AbortSignal): Promise<readonly Answer[]> {
    return this.#use(signal, (connection) =>
      inTransaction(connection, () => statements.map((statement) => ask(connection, statement))),
    );
  }

  async #use<T>(signal: AbortSignal, work: (connection: Connection) => T): Promise<T> {
    // A driver that never waits would let nothing else run as long as somebody asks: no timer, no renewal.
    if (this.#ran) await new Promise(setImmediate);
    this.#ran = true;
    setImmediate(() => (this.#ran = false));
    const connection = await this.#connect(signal);
    try {
      refuseTransaction(connection);
      return work(connection);
    } catch (error) {
      // libsql does not reset a statement that failed, and as long as one is not, nothing else is ever committed.
      connection.forgetStatements();
      throw failureOf(error, this.#where);
    }
  }

  async migrate(statements: readonly string[], signal: AbortSignal): Promise<boolean> {
    const connection = await this.#connect(signal);
    const { raw } = connection;
    const things = (): unknown => raw.prepare('SELECT count(*) AS n FROM sqlite_master').all([]);
    try {
      refuseTransaction(connection);
      return inTransaction(connection, () => {
        const before = things();
        for (const statement of statements) raw.exec(statement);
        return !isDeepStrictEqual(things(), before);
      });
    } catch (error) {
      throw failureOf(error, this.#where);
    }
  }

  /** By the number that SQLite moves whenever another connection has committed something. */
  readonly mayHaveChanged = (): boolean => {
    try {
      const [row] = (this.#connection?.statement('PRAGMA data_version').statement.all([]) ?? []) as Row[];
      const version = row?.['data_version'];
      const same = version !== undefined && version === this.#dataVersion && !this.#connection?.isStale;
      this.#dataVersion = version;
      return !same;
    } catch {
      this.#connection?.forgetStatements();
      return true;
    }
  };

  async close(): Promise<void> {
    this.#closed = true;
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.close();
  }

  get #where(): string {
    const { source } = this.#settings;
    return 'file' in source ? `sqlite: ${source.file}` : 'sqlite';
  }

  async #connect(signal: AbortSignal): Promise<Connection> {
    const { source, driver, busyTimeoutMs } = this.#settings;
    if ('file' in source) {
      const Driver = typeof driver === 'function' ? driver : await this.#load(driver);
      signal.throwIfAborted();
      this.#demandOpen();
      this.#dropStale();
      try {
        return (this.#connection ??= openFile(Driver, source.file, busyTimeoutMs));
      } catch (error) {
        throw failureOf(error, this.#where);
      }
    }
    signal.throwIfAborted();
    this.#demandOpen();
    if (this.#connection && !source.connection.open) {
      throw new StoreUnavailableError('sqlite: the database that was passed in has been closed');
    }
    return (this.#connection ??= borrow(source.connection));
  }

  async #load(names: readonly DriverName[]): Promise<SqliteDriver> {
    this.#loading ??= loadDriver(names);
    try {
      return await this.#loading;
    } catch (error) {
      this.#loading = undefined;
      throw error;
    }
  }

  #demandOpen(): void {
    if (this.#closed) throw new ClosedError('the sqlite store was closed');
  }

  #dropStale(): void {
    if (!this.#connection?.isStale) return;
    const stale = this.#connection;
    this.#connection = undefined;
    stale.close();
  }
}

/**
 * `BEGIN IMMEDIATE` is where another process's writing is met, and it leaves nothing behind when it fails. A prepared
 * statement that met it by itself would: libsql 0.5 does not reset one that failed, and as long as it is not, what
 * others write on that connection is answered and never committed.
 */
function inTransaction<T>({ raw }: Connection, work: () => T): T {
  raw.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    raw.exec('COMMIT');
    return result;
  } catch (error) {
    if (raw.inTransaction) raw.exec('ROLLBACK');
    throw error;
  }
}

function ask(connection: Connection, { text, values }: Statement): Answer {
  const { statement, reader } = connection.statement(text);
  const bound = values.map(bind);
  if (!reader) return { rows: [], changed: Number(statement.run(bound).changes) };
  const rows = statement.all(bound) as Row[];
  return { rows, changed: rows.length };
}

/** A JavaScript number would be bound as a floating-point one. */
const bind = (value: Value): Value =>
  typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
