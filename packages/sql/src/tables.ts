import type { Dialect, Tables } from './database.ts';

export interface TableOptions {
  /** Before the names of both tables and of their indexes. Any text; it is quoted. @default 'tenure_' */
  readonly tablePrefix?: string;
  /** Where the tables are. @default what the database takes for an unqualified name */
  readonly schema?: string;
}

export const DEFAULT_TABLE_PREFIX = 'tenure_';

export function tablesOf(
  dialect: Dialect,
  { tablePrefix = DEFAULT_TABLE_PREFIX, schema }: TableOptions,
): Tables {
  const name = (table: string): string => {
    const quoted = dialect.quote(`${tablePrefix}${table}`);
    return schema === undefined ? quoted : `${dialect.quote(schema)}.${quoted}`;
  };
  return { sessions: name('sessions'), locks: name('locks'), prefix: tablePrefix };
}

/** One text of statements, each ended by a semicolon, for a migration tool of the user's own. */
export function createTablesText(dialect: Dialect, options: TableOptions): string {
  return dialect
    .createTables(tablesOf(dialect, options))
    .map((statement) => `${statement};\n`)
    .join('');
}

/** Everything is lost with the tables: who holds what, and the checkpoints. */
export function dropTablesText(dialect: Dialect, options: TableOptions): string {
  const { locks, sessions } = tablesOf(dialect, options);
  return `DROP TABLE IF EXISTS ${locks};\nDROP TABLE IF EXISTS ${sessions};\n`;
}
