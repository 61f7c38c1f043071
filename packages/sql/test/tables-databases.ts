/** SQLite dressed up as databases with other manners, so that the common part is tested without their servers. */
import type { Store } from '@tenure/core/store';
import type { Answer, Database, Listener, News, Statement } from '../src/database.ts';
import { commonSettings } from '../src/options.ts';
import type { CommonOptions } from '../src/options.ts';
import { SqliteDatabase } from '../src/sqlite/database.ts';
import { settingsOf } from '../src/sqlite/options.ts';
import { createSqlStore } from '../src/store.ts';

export const sqliteDatabase = (file: string): Database => new SqliteDatabase(settingsOf({ file }));

export function storeOver(database: Database, options: CommonOptions = {}): Store {
  const settings = commonSettings('sqlite', options, [], { migrate: 'auto' });
  return createSqlStore({ name: 'sqlite', database, settings, keepsWord: 'for tests' });
}

/** The same database, but for what is overridden. */
const dressed = (database: Database, overrides: Partial<Database>): Database => ({
  name: database.name,
  dialect: database.dialect,
  pollMs: database.pollMs,
  run: (statement, signal) => database.run(statement, signal),
  migrate: (statements, signal) => database.migrate(statements, signal),
  close: () => database.close(),
  ...overrides,
});

/** As MySQL: no RETURNING, LAST_INSERT_ID instead; and nothing tells whether something was written. */
export function withoutReturning(database: Database): Database {
  const { dialect } = database;
  return dressed(database, {
    dialect: {
      ...dialect,
      returning: false,
      insertOrTake: (locks, select) => dialect.insertOrTake(locks, select).replace(/ RETURNING .*/u, ''),
    },
    async run({ text, values }, signal) {
      if (text.includes('RETURNING')) throw new Error(`there is no RETURNING: ${text}`);
      const echo = /LAST_INSERT_ID\(/u.exec(text);
      if (!echo) return database.run({ text, values }, signal);
      const column = text.startsWith('UPDATE') && text.includes('revoked =') ? 'revoked' : 'token';
      // A claim of what is unseen tells by the sign whether there is a checkpoint.
      const told = text.startsWith('INSERT')
        ? 'CASE WHEN checkpoint IS NULL THEN token ELSE -token END'
        : column;
      const plain = `${text.replace('LAST_INSERT_ID(', '(')} RETURNING ${told} AS echo`;
      const { rows } = await database.run({ text: plain, values }, signal);
      const [row] = rows;
      return { rows: [], changed: rows.length, insertId: (row?.['echo'] ?? 0n) as bigint };
    },
  });
}

/** What PostgreSQL's channel is. */
export class Bus {
  readonly #listeners = new Set<Listener>();

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(news: News): void {
    for (const listener of this.#listeners) setImmediate(() => listener.hear(news));
  }
}

/** As PostgreSQL: whoever listens is told. */
export function withBus(database: Database, bus: Bus): Database {
  return dressed(database, {
    listen: (listener) => bus.listen(listener),
    listening: async () => {},
    telling: {
      call: 'tell(?)',
      payloadOf: (news) => JSON.stringify(news),
      all: (news) => ({ text: 'TELL', values: [news.map((one) => JSON.stringify(one))] }),
    },
    async run({ text, values }, signal) {
      const tell = (payload: unknown): void => bus.tell(JSON.parse(String(payload)) as News);
      if (text === 'TELL') {
        for (const payload of values[0] as readonly string[]) tell(payload);
        return { rows: [], changed: 0 };
      }
      const answer = await database.run(
        text.endsWith(' RETURNING tell(?)')
          ? { text: text.replace('tell(?)', '1 AS told'), values: values.slice(0, -1) }
          : { text, values },
        signal,
      );
      if (text.endsWith(' RETURNING tell(?)') && answer.changed > 0) tell(values.at(-1));
      return answer;
    },
  });
}

/** Does something just before a statement, or instead of its answer. */
export function interposed(
  database: Database,
  before: (statement: Statement) => Promise<Answer | void>,
): Database {
  return dressed(database, {
    run: async (statement, signal) => (await before(statement)) ?? database.run(statement, signal),
  });
}
