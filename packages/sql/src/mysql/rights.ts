/** What an account may do with the tables. */
import { AccessDeniedError, InvalidArgumentError } from '@tenure/core/store';
import type { Finding } from '@tenure/core/store';
import { found, ofMissing, TABLES_FIT } from '../finding.ts';
import { tablesOf } from '../tables.ts';
import { dialect } from './dialect.ts';
import { numberOf, NO_SUCH_TABLE } from './failure.ts';
import type { Settings } from './options.ts';

/** EXPLAIN wants the rights of what it explains, and does nothing. */
export async function ofTables(
  ask: (text: string) => Promise<unknown>,
  { tables, migrate }: Settings,
  account: string,
): Promise<readonly Finding[]> {
  const { sessions, locks } = tablesOf(dialect, tables);
  const missing: string[] = [];
  const findings: Finding[] = [];
  for (const [table, column] of [
    [sessions, 'id'],
    [locks, 'name'],
  ] as const) {
    const lacks: string[] = [];
    for (const [right, statement] of [
      ['SELECT', `SELECT ${column} FROM ${table}`],
      ['INSERT', `INSERT INTO ${table} (${column}) VALUES ('')`],
      ['UPDATE', `UPDATE ${table} SET ${column} = ''`],
      ['DELETE', `DELETE FROM ${table}`],
    ] as const) {
      try {
        await ask(`EXPLAIN ${statement}`);
      } catch (error) {
        if (error instanceof AccessDeniedError) lacks.push(right);
        else if (error instanceof InvalidArgumentError && numberOf(error.cause) === NO_SUCH_TABLE)
          missing.push(table);
        else throw error;
        if (missing.includes(table)) break;
      }
    }
    if (lacks.length > 0) {
      const rights = lacks.join(', ');
      findings.push(
        found('bad', `${account} lacks ${rights} on ${table}: have it granted, or make the table first.`),
      );
    }
  }
  if (missing.length > 0) findings.push(ofMissing(missing, migrate));
  return findings.length > 0 ? findings : [TABLES_FIT];
}
