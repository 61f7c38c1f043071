import { ClosedError, StoreUnavailableError } from '@tenure/core/store';
import type { Answer, Database, Dialect, Row, Statement, Value } from '../database.ts';
import { borrow, openFile, refuseTransaction } from './connection.ts';
import type { Connection } from './connection.ts';
import { sqliteDialect } from './dialect.ts';
import { loadDriver } from './driver.ts';
import type { Open } from './driver.ts';
import { failureOf } from './failure.ts';
import type { SqliteSettings } from './options.ts';

/** One connection to a file on this machine. Every statement blocks the event loop for as long as it takes. */
export class SqliteDatabase implements Database {
  readonly name = 'SQLite';
  readonly dialect: Dialect = sqliteDialect;
  readonly pollMs: number;
  readonly #settings: SqliteSettings;
  #driver: Promise<Open> | undefined;
  #connection: Connection | undefined;
  #dataVersion: unknown;
  #closed = false;

  constructor(settings: SqliteSettings) {
    this.#settings = settings;
    this.pollMs = settings.pollMs;
  }

  async run({ text, values }: Statement, signal: AbortSignal): Promise<Answer> {
    const connection = await this.#connect(signal);
    try {
      refuseTransaction(connection);
      const statement = connection.statement(text);
      const bound = values.map(bind);
      if (!statement.reader) return { rows: [], changed: Number(statement.run(bound).changes) };
      const rows = statement.all(bound) as Row[];
      return { rows, changed: text.startsWith('SELECT') ? 0 : rows.length };
    } catch (error) {
      throw failureOf(error, this.#where);
    }
  }

  async migrate(statements: readonly string[], signal: AbortSignal): Promise<void> {
    const connection = await this.#connect(signal);
    const { raw } = connection;
    try {
      refuseTransaction(connection);
      raw.exec('BEGIN IMMEDIATE');
      try {
        for (const statement of statements) raw.exec(statement);
        raw.exec('COMMIT');
      } catch (error) {
        if (raw.inTransaction) raw.exec('ROLLBACK');
        throw error;
      }
    } catch (error) {
      throw failureOf(error, this.#where);
    }
  }

  /** By the number that SQLite moves whenever another connection has committed something. */
  readonly mayHaveChanged = (): boolean => {
    try {
      const [row] = (this.#connection?.statement('PRAGMA data_version').all([]) ?? []) as Row[];
      const version = row?.['data_version'];
      const same = version !== undefined && version === this.#dataVersion && !this.#connection?.isStale;
      this.#dataVersion = version;
      return !same;
    } catch {
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
    const { source, drivers, busyTimeoutMs } = this.#settings;
    if ('file' in source) {
      const loading = (this.#driver ??= loadDriver(drivers));
      loading.catch(() => (this.#driver = undefined));
      const open = await loading;
      signal.throwIfAborted();
      this.#demandOpen();
      this.#dropStale();
      try {
        return (this.#connection ??= openFile(open, source.file, busyTimeoutMs));
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

/** A JavaScript number would be bound as a floating-point one. */
const bind = (value: Value): Value =>
  typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
