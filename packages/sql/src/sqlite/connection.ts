import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { InvalidArgumentError, NotAppliedError, StoreUnavailableError } from '@tenure/core/store';
import type { SqliteConnection, SqliteDriver, SqliteStatement } from './driver.ts';

/** Statements are few and asked over and over; those with a list of keys are of any length. */
const KEPT_STATEMENTS = 64;

export interface Prepared {
  readonly statement: SqliteStatement;
  /** It answers rows. */
  readonly reader: boolean;
}

/** One connection, and what has been prepared on it. */
export class Connection {
  readonly raw: SqliteConnection;
  readonly #statements = new Map<string, Prepared>();
  /** Of the file as it was opened; undefined for somebody else's connection. */
  readonly #file: { readonly path: string; readonly identity: string | undefined } | undefined;

  constructor(raw: SqliteConnection, path?: string) {
    this.raw = raw;
    this.#file = path === undefined ? undefined : { path, identity: identityOf(path) };
  }

  statement(text: string): Prepared {
    let prepared = this.#statements.get(text);
    if (prepared) return prepared;
    const statement = this.raw.prepare(text);
    // Microseconds and tokens are beyond what a double holds in the long run.
    statement.safeIntegers(true);
    prepared = { statement, reader: statement.reader };
    const [oldest] = this.#statements.keys();
    if (this.#statements.size >= KEPT_STATEMENTS && oldest !== undefined) this.#statements.delete(oldest);
    this.#statements.set(text, prepared);
    return prepared;
  }

  forgetStatements(): void {
    this.#statements.clear();
  }

  /** A file that was deleted or replaced is another database to everyone who opens it now: nothing may be won in the old one. */
  get isStale(): boolean {
    return this.#file !== undefined && identityOf(this.#file.path) !== this.#file.identity;
  }

  /** @throws what SQLite says. `libsql` keeps its file open until the garbage collector has found the statements. */
  close(): void {
    this.#statements.clear();
    if (this.#file) this.raw.close();
  }
}

function identityOf(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat && `${stat.dev} ${stat.ino}`;
}

/** @throws InvalidArgumentError, or what SQLite says */
export function openFile(Driver: SqliteDriver, file: string, timeoutMs: number): Connection {
  checkPlace(file);
  const raw = new Driver(file, { timeout: timeoutMs });
  try {
    raw.exec(`PRAGMA busy_timeout = ${Math.floor(timeoutMs)}`);
    checkVersion(raw);
    const mode = only(raw, 'PRAGMA journal_mode', 'journal_mode');
    if (mode !== 'wal' && only(raw, 'PRAGMA journal_mode = WAL', 'journal_mode') !== 'wal') {
      throw new StoreUnavailableError(
        `sqlite: ${file} cannot be switched to WAL: is it on a disk of this machine?`,
      );
    }
    // In WAL, a commit is on disk only with this: a checkpoint must outlive a power cut.
    raw.exec('PRAGMA synchronous = FULL');
    return new Connection(raw, file);
  } catch (error) {
    raw.close();
    throw error;
  }
}

/** Somebody else's, whose settings are not ours to change. */
export function borrow(raw: SqliteConnection): Connection {
  if (!raw.open) throw new StoreUnavailableError('sqlite: the database that was passed in is closed');
  checkVersion(raw);
  return new Connection(raw);
}

/** What was begun by somebody else would decide whether ours is kept. */
export function refuseTransaction({ raw }: Connection): void {
  if (raw.inTransaction) {
    throw new NotAppliedError('sqlite: the database that was passed in is inside a transaction of yours');
  }
}

function checkPlace(file: string): void {
  const folder = dirname(file);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new InvalidArgumentError(`sqlite: there is no folder ${folder} for ${file}: make it first`);
  }
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) {
    throw new InvalidArgumentError(`sqlite: ${file} is a folder; name a file`);
  }
}

function checkVersion(raw: SqliteConnection): void {
  const version = only(raw, 'SELECT sqlite_version() AS version', 'version');
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < 3 || (major === 3 && minor < 35)) {
    throw new InvalidArgumentError(`sqlite: SQLite 3.35 or later is needed, the driver has ${version}`);
  }
}

function only(raw: SqliteConnection, text: string, column: string): string {
  const [row] = raw.prepare(text).all([]) as Record<string, unknown>[];
  return String(row?.[column]);
}
