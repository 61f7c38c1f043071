import type { Tables } from '../database.ts';
import { quote, quoteText } from './dialect.ts';
import type { PostgresClient, QueryResult } from './driver.ts';
import { queryOf } from './driver.ts';

/** Whoever holds this makes tables. In every database the same, and of no meaning but to us. */
const MIGRATING = 8_387_223_601_847_316_085n;

/** Every column that the statements use: a later version that adds one names it here. */
const COLUMNS: Readonly<Record<'sessions' | 'locks', string>> = {
  sessions: 'id name expires_at revoked renewals',
  locks:
    'namespace name session_id claim_id token value asked idle_at checkpoint checkpoint_token checkpoint_sequence',
};

/** Only if it is missing: CREATE SCHEMA IF NOT EXISTS wants the right to make one even where there is nothing to do. */
export function createSchemaSql(schema: string): string {
  const tag = schema.includes('$tenure$') ? '$schema_of_tenure$' : '$tenure$';
  return (
    `DO ${tag} BEGIN\n` +
    `  IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = ${quoteText(schema)}) THEN\n` +
    `    CREATE SCHEMA ${quote(schema)};\n  END IF;\nEND ${tag}`
  );
}

/**
 * All statements in one transaction, one process at a time: PostgreSQL's IF NOT EXISTS fails when two try at once.
 * Nothing is tried where everything is there already, so that a role that may not make tables can call this: then false.
 */
export async function migrateOn(
  client: PostgresClient,
  tables: Tables,
  statements: readonly string[],
): Promise<boolean> {
  const ask = (text: string, values?: readonly unknown[]): Promise<QueryResult> =>
    client.query(queryOf(text, values));
  await ask('BEGIN ISOLATION LEVEL READ COMMITTED');
  try {
    // Of the transaction, not of the connection: this holds behind poolers, too.
    await ask('SELECT pg_advisory_xact_lock($1)', [MIGRATING]);
    const complete = await isComplete(ask, tables);
    if (!complete) for (const statement of statements) await ask(statement);
    await ask('COMMIT');
    return !complete;
  } catch (error) {
    await ask('ROLLBACK').catch(() => {});
    throw error;
  }
}

async function isComplete(
  ask: (text: string, values: readonly unknown[]) => Promise<QueryResult>,
  tables: Tables,
): Promise<boolean> {
  for (const table of ['sessions', 'locks'] as const) {
    const { rows } = await ask(
      'SELECT attname::text AS name FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped',
      [tables[table]],
    );
    const names = new Set(rows.map(({ name }) => name));
    if (!COLUMNS[table].split(' ').every((column) => names.has(column))) return false;
  }
  return true;
}
