/** What a role may do with the tables. */
import type { Finding } from '@tenure/core/store';
import type { Row } from '../database.ts';
import { found, ofMissing, TABLES_FIT } from '../finding.ts';
import { quote } from './dialect.ts';
import type { Settings } from './options.ts';

/** The first row of the answer. */
export type Ask = (text: string, ...values: readonly string[]) => Promise<Row | undefined>;

const RIGHTS =
  "SELECT has_schema_privilege(n.oid, 'USAGE') AS enters, array_to_string(ARRAY(SELECT what FROM " +
  "unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS what WHERE NOT has_table_privilege(c.oid, what)), ', ') AS lacks " +
  'FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ? AND c.relname = ?';

export async function ofTables(
  ask: Ask,
  { tables, migrate }: Settings,
  role: string,
): Promise<readonly Finding[]> {
  const { schema, tablePrefix } = tables;
  const missing: string[] = [];
  const findings: Finding[] = [];
  for (const name of [`${tablePrefix}sessions`, `${tablePrefix}locks`]) {
    const table = `${quote(schema)}.${quote(name)}`;
    const row = await ask(RIGHTS, schema, name);
    if (!row) {
      missing.push(table);
      continue;
    }
    const who = quote(role);
    const lacks = row['lacks'] as string;
    if (row['enters'] !== true) {
      findings.push(
        found('bad', `${who} may not use the schema: GRANT USAGE ON SCHEMA ${quote(schema)} TO ${who}`),
      );
    }
    if (lacks !== '')
      findings.push(found('bad', `${who} lacks ${lacks} on ${table}: GRANT ${lacks} ON ${table} TO ${who}`));
  }
  if (missing.length > 0) findings.push(ofMissing(missing, migrate));
  return findings.length > 0 ? findings : [TABLES_FIT];
}
