import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startPostgres } from '../../../test/servers/postgres.ts';
import type { PostgresServer } from '../../../test/servers/postgres.ts';
import { migrate, postgres } from '../src/postgres.ts';
import { PostgresDatabase } from '../src/postgres/database.ts';
import { dialect } from '../src/postgres/dialect.ts';
import { settingsOf } from '../src/postgres/options.ts';
import { tablesOf } from '../src/tables.ts';
import { eventually, never, nonce, open } from './postgres-candidate.ts';
import { Operator } from './postgres-operator.ts';

const available = await serverOrSkip('postgres', { own: true });

describe.skipIf(!available)("a role's defaults in PostgreSQL", () => {
  let server: PostgresServer;
  let operator: Operator;

  beforeAll(async () => {
    server = await startPostgres({ own: true });
    operator = new Operator(server.urls[0]!);
    await migrate({ url: operator.url });
  });

  afterAll(async () => {
    await operator.close();
    await server.stop();
  });

  /** As user in the URL. */
  async function roleWith(setting: string): Promise<string> {
    const role = `role_${nonce()}`;
    await operator.ask(`CREATE ROLE ${role} LOGIN`);
    await operator.ask(`GRANT SELECT, INSERT, UPDATE, DELETE ON tenure_sessions, tenure_locks TO ${role}`);
    await operator.ask(`ALTER ROLE ${role} SET ${setting}`);
    const url = new URL(operator.url);
    url.username = role;
    return url.href;
  }

  test.for([
    ['default_transaction_isolation = serializable', { isolation: 'read committed', commit: 'on' }],
    ["default_transaction_isolation = 'repeatable read'", { isolation: 'read committed', commit: 'on' }],
    ['synchronous_commit = off', { isolation: 'read committed', commit: 'on' }],
    ['synchronous_commit = local', { isolation: 'read committed', commit: 'local' }],
  ] as const)('with %s, statements run as %o', async ([setting, expected]) => {
    const settings = settingsOf({ url: await roleWith(setting), listen: false });
    const database = new PostgresDatabase(settings, tablesOf(dialect, settings.tables));
    const text =
      "SELECT current_setting('transaction_isolation') AS isolation, current_setting('synchronous_commit') AS commit";
    for (let round = 0; round < 2; round += 1) {
      expect((await database.run({ text, values: [] }, never)).rows).toEqual([expected]);
    }
    await expect(database.run({ text: 'SELECT 1 / ?::int', values: [0] }, never)).rejects.toThrow('22012');
    expect((await database.run({ text: 'SELECT ?::bigint AS n', values: [2n ** 62n] }, never)).rows).toEqual([
      { n: 2n ** 62n },
    ]);
    await database.close();
  });

  test('a renewal that waits for another transaction succeeds, although the default is serializable', async () => {
    const store = postgres({
      url: await roleWith('default_transaction_isolation = serializable'),
      listen: false,
    });
    const session = await open(store);
    await using other = await operator.session();
    await other.query('BEGIN');
    await other.query('UPDATE tenure_sessions SET revoked = revoked + 1 WHERE id = $1', [session.id]);
    const renewing = session.renew(never);
    await eventually(async () => {
      const waits = await operator.ask("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
      expect(waits).toHaveLength(1);
    });
    await other.query('COMMIT');
    await renewing;
    await store.close();
  });
});
