/**
 * What the lease tables need of a database. The store above it is written once, in statements that every dialect
 * understands; each database adds how it is reached, how its errors are to be understood, and how it wakes waiters.
 */
import type { Key } from '@tenure/core/store';

/** Texts, many of them, only where the dialect has `unnest`. */
export type Value = string | number | bigint | null | readonly string[];
export type Row = Readonly<Record<string, unknown>>;

export interface Answer {
  /** Of a SELECT, or of a statement with RETURNING where the dialect has it. 64-bit integers come as bigint or decimal text. */
  readonly rows: readonly Row[];
  /** Rows that were found and written, whether or not their values changed. */
  readonly changed: number;
  /** MySQL: what the statement gave to LAST_INSERT_ID(…). */
  readonly insertId?: bigint;
}

export interface Statement {
  /** With `?` for each value, in order; a database with other placeholders rewrites them. */
  readonly text: string;
  readonly values: readonly Value[];
  /** It keeps a session alive: before all else. */
  readonly urgent?: true;
  /** Its text is one of a few and asked over and over: worth being kept prepared. */
  readonly kept?: true;
}

/** What differs in the SQL itself. */
export interface Dialect {
  /** SQL for the database's own clock now, as whole microseconds since 1970 in UTC: zone-free, and not the start of a transaction. */
  readonly nowUs: string;
  /** The greater of two numbers: `GREATEST(a, b)` or `max(a, b)`. */
  greatest(one: string, other: string): string;
  /** A name in quotes, with quotes inside it doubled. */
  quote(identifier: string): string;
  /** An INSERT that changes nothing where the key is there already, instead of failing. For MySQL, where a duplicate is an error, `run` gives `changed: 0`. */
  insertOrIgnore(text: string): string;
  /** UPDATE and INSERT may end in RETURNING. */
  readonly returning: boolean;
  /** `unnest(?::text[], …)` makes rows of arrays, FOR UPDATE has SKIP LOCKED, and UPDATE may have FROM and stand in a WITH. */
  readonly unnest: boolean;
  /**
   * An INSERT of claims by that SELECT: of {@link CLAIM_COLUMNS}, the token as it is for a key that nobody ever had. A
   * key that is there already is taken if its `session_id` is NULL, and stays as it is otherwise. Answers `claim_id`,
   * `token` and `checkpoint` of what was taken; where there is no RETURNING, of a single one the token by `insertId`:
   * 0 when it was not taken, and negative when there is a checkpoint.
   */
  insertOrTake(locks: string, select: string): string;
  /**
   * The statements that make the tables and indexes unless they are there. Keys are compared byte by byte: `Job` is
   * not `job`, and spaces at the end count. Namespaces, names and session ids take up to 1024 bytes of UTF-8, values
   * and checkpoints 1 MiB. No foreign key between the two.
   *
   * sessions: `id` text, primary key; `name` text; `expires_at` bigint, µs; `revoked` bigint; `renewals` bigint
   *
   * locks: `namespace` text, `name` text, together the primary key; `session_id` text or null, indexed; `claim_id` text
   * or null; `token` bigint; `value` text; `asked` small number; `checkpoint` text or null; `checkpoint_token` and
   * `checkpoint_sequence` bigint or null; `idle_at` bigint or null, µs, indexed. No defaults are needed.
   */
  createTables(tables: Tables): readonly string[];
}

/** `namespace`, `name` and so on, in the order in which a claim is inserted. */
export const CLAIM_COLUMNS = 'namespace, name, session_id, claim_id, token, value, asked';

/** Quoted names, with their schema where there is one. */
export interface Tables {
  readonly sessions: string;
  readonly locks: string;
  /** For names of indexes: unquoted, without schema. */
  readonly prefix: string;
}

/** What one process tells the others; a hint, and never more. */
export type News =
  /** The key was given up, or what observers see of it has changed. `taken`: the latter only, so that waiters may sleep on. */
  | { readonly what: 'changed'; readonly key: Key; readonly taken?: true }
  /** A session was ended, or one of its claims was taken or asked back. */
  | { readonly what: 'revoked'; readonly sessionId: string };

export interface Listener {
  hear(news: News): void;
  /** Nobody listened for a while: anything may have happened. */
  missed(): void;
}

export interface Telling {
  /** A call, for a RETURNING or a SELECT, that tells it once its transaction is kept: one `?`, the news as {@link payloadOf} has it. */
  readonly call: string;
  payloadOf(news: News): string;
  /** A statement that tells all of these. */
  all(news: readonly News[]): Statement;
}

export interface Database {
  /** For messages: `PostgreSQL`. */
  readonly name: string;
  readonly dialect: Dialect;
  /**
   * One statement, in a transaction of its own. Settles as soon as the signal aborts, and a connection whose answer
   * did not come by then is never used again. Rejects with `NotAppliedError` (no connection, deadlock victim, serialization
   * failure, lock timeout, busy), `AccessDeniedError`, `InvalidArgumentError` (no such table: says to migrate), and
   * with `StoreUnavailableError` when nothing is known.
   */
  run(statement: Statement, signal: AbortSignal): Promise<Answer>;
  /** All of them or none, in one transaction and without a round trip in between; undefined where that cannot be. */
  readonly runTogether?: (
    statements: readonly Statement[],
    signal: AbortSignal,
  ) => Promise<readonly Answer[]>;
  /**
   * Several statements in one transaction, all or none; for migrations, safe when many do it at once. False when there was
   * nothing to make.
   */
  migrate(statements: readonly string[], signal: AbortSignal): Promise<boolean>;
  /** Begins to listen if it does not yet. Undefined where the database cannot tell (then the store polls). */
  readonly listen?: (listener: Listener) => () => void;
  /** Resolves when what `listen` began hears everything that is told from now on; at once when it cannot be had now. */
  readonly listening?: (signal: AbortSignal) => Promise<void>;
  /** How the others are told; undefined where nobody is. */
  readonly telling?: Telling;
  /** For those that poll: false when certainly nothing has been written by anyone since the last call. */
  readonly mayHaveChanged?: () => boolean;
  /** How often to ask for parked and watched keys where nobody tells, in milliseconds. */
  readonly pollMs: number;
  close(): Promise<void>;
}
