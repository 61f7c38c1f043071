import { setMaxListeners } from 'node:events';
import { ClosedError, InvalidArgumentError, ValueTooLargeError } from '@tenure/core/store';
import type { Clock, Key } from '@tenure/core/store';
import type { Answer, Database, Statement, Tables } from '../database.ts';
import { ClaimStatements } from './claim-statements.ts';
import { LockStatements } from './lock-statements.ts';
import { Newsroom } from './newsroom.ts';
import { ObserverStatements } from './observer-statements.ts';
import { Heralds } from './heralds.ts';
import { Poller } from './poller.ts';
import { PurgeStatements } from './purge-statements.ts';
import { ReleaseStatements } from './release-statements.ts';
import { SessionStatements } from './session-statements.ts';

export const MAX_VALUE_BYTES: number = 512 * 1024;

export interface SiteOptions {
  readonly database: Database;
  readonly tables: Tables;
  readonly clock: Clock;
  readonly retainMs: number;
  readonly migrate: 'auto' | false;
}

/** What everything of one store shares. */
export class Site {
  readonly database: Database;
  readonly clock: Clock;
  readonly retainMs: number;
  readonly sql: {
    readonly sessions: SessionStatements;
    readonly locks: LockStatements;
    readonly claims: ClaimStatements;
    readonly releases: ReleaseStatements;
    readonly observers: ObserverStatements;
    readonly purge: PurgeStatements;
  };
  readonly newsroom: Newsroom;
  readonly heralds: Heralds;
  readonly poller: Poller;
  readonly #tables: Tables;
  readonly #closing = new AbortController();
  readonly #makesTables: boolean;
  #needsTables: boolean;

  constructor({ database, tables, clock, retainMs, migrate }: SiteOptions) {
    this.database = database;
    this.clock = clock;
    this.retainMs = retainMs;
    this.sql = {
      sessions: new SessionStatements(database.dialect, tables),
      locks: new LockStatements(database.dialect, tables),
      claims: new ClaimStatements(database.dialect, tables),
      releases: new ReleaseStatements(database, tables),
      observers: new ObserverStatements(database.dialect, tables),
      purge: new PurgeStatements(database.dialect, tables),
    };
    this.newsroom = new Newsroom(database);
    this.heralds = new Heralds(this);
    this.poller = new Poller(this);
    this.#tables = tables;
    // Whoever is told something listens to it for as long as that takes.
    setMaxListeners(0, this.#closing.signal);
    this.#makesTables = migrate === 'auto';
    this.#needsTables = this.#makesTables;
  }

  /** Aborts when the store closes. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** What every verb begins with. */
  async enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.closing.throwIfAborted();
    if (!this.#needsTables) return;
    const { database } = this;
    await database.migrate(database.dialect.createTables(this.#tables), signal);
    this.#needsTables = false;
  }

  run(statement: Statement, signal: AbortSignal): Promise<Answer> {
    return this.#noting(this.database.run(statement, signal));
  }

  /** @see Database.runTogether */
  runTogether(statements: readonly Statement[], signal: AbortSignal): Promise<readonly Answer[]> {
    return this.#noting(this.database.runTogether!(statements, signal));
  }

  async #noting<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      // The tables have gone since: with the file, or by an operator's hand. The next verb makes them.
      if (error instanceof InvalidArgumentError) this.#needsTables = this.#makesTables;
      throw error;
    }
  }

  close(): void {
    this.#closing.abort(new ClosedError(`the ${this.database.name} store was closed`));
    this.poller.close();
    this.heralds.close();
    this.newsroom.close();
  }
}

export function checkSize(what: string, text: string): void {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_VALUE_BYTES) throw new ValueTooLargeError(what, bytes, MAX_VALUE_BYTES);
}

/** Half of a surrogate pair is sent as U+FFFD, whichever it is: two such keys would be one. */
export function checkKey({ namespace, name }: Key): void {
  for (const text of [namespace, name]) {
    if (/\p{Surrogate}/u.test(text)) {
      throw new InvalidArgumentError(`a key must be well-formed Unicode, got ${JSON.stringify(text)}`);
    }
  }
}
