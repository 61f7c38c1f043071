import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidArgumentError } from '@tenure/core/store';
import { describe, expect, onTestFinished, test } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startPostgres } from '../../../test/servers/postgres.ts';
import * as mysql from '../src/mysql.ts';
import * as postgres from '../src/postgres.ts';
import * as sqlite from '../src/sqlite.ts';
import { flavours, stage } from './mysql-operator.ts';
import { failure } from './postgres-candidate.ts';
import { Operator } from './postgres-operator.ts';
import { temporaryFolder } from './sqlite-files.ts';

test.skipIf(!(await serverOrSkip('postgres', { own: true })))(
  'PostgreSQL gets what is missing, once',
  async () => {
    const server = await startPostgres({ own: true });
    const operator = new Operator(server.urls[0]!);
    onTestFinished(async () => {
      await operator.close();
      await server.stop();
    });
    const url = `${operator.url}?schema=locks&tablePrefix=x_`;
    const tables = ['"locks"."x_sessions"', '"locks"."x_locks"'];
    expect(await postgres.migrateUrl(url)).toEqual({ made: true, tables });
    expect(await postgres.migrateUrl(url)).toEqual({ made: false, tables });
    await operator.ask('DROP TABLE locks.x_locks');
    expect(await postgres.migrateUrl(url)).toEqual({ made: true, tables });
    expect(await operator.backends()).toEqual([]);
  },
);

test.for(flavours)('$flavour gets what is missing, once', async ({ flavour, available }, { skip }) => {
  if (!available) skip(`there is no ${flavour}`);
  const { server, operator, url } = await stage(flavour);
  onTestFinished(async () => {
    await operator.close();
    await server.stop();
  });
  const tables = ['`x_sessions`', '`x_locks`'];
  const prefixed = `${url}?tablePrefix=x_`;
  expect(await mysql.migrateUrl(prefixed)).toEqual({ made: true, tables });
  expect(await mysql.migrateUrl(prefixed)).toEqual({ made: false, tables });
  await operator.ask('DROP TABLE x_locks');
  expect(await mysql.migrateUrl(prefixed)).toEqual({ made: true, tables });
});

test('a SQLite file gets what is missing, once', async () => {
  const url = `sqlite:${join(await temporaryFolder(), 'tenure.db')}?tablePrefix=x_`;
  const tables = ['"x_sessions"', '"x_locks"'];
  expect(await sqlite.migrateUrl(url)).toEqual({ made: true, tables });
  expect(await sqlite.migrateUrl(url)).toEqual({ made: false, tables });
});

test('a migration by URL ends with its signal', async () => {
  const reason = new Error('enough');
  const file = join(await temporaryFolder(), 'tenure.db');
  for (const migrated of [
    postgres.migrateUrl('postgres://u@127.0.0.1:1/db', AbortSignal.abort(reason)),
    mysql.migrateUrl('mysql://u@127.0.0.1:1/db', AbortSignal.abort(reason)),
    sqlite.migrateUrl(`sqlite:${file}`, AbortSignal.abort(reason)),
  ]) {
    expect(await failure(migrated)).toBe(reason);
  }
});

describe('the statements for a URL', () => {
  test('are those for its options, and nothing is connected to', async () => {
    expect(postgres.createTablesSqlOfUrl('postgres://u:p@127.0.0.1:1/db?schema=s&tablePrefix=x_')).toBe(
      postgres.createTablesSql({ schema: 's', tablePrefix: 'x_' }),
    );
    expect(mysql.createTablesSqlOfUrl('mariadb://u:p@127.0.0.1:1/db?schema=s&tablePrefix=x_')).toBe(
      mysql.createTablesSql({ schema: 's', tablePrefix: 'x_' }),
    );
    const file = join(await temporaryFolder(), 'tenure.db');
    expect(sqlite.createTablesSqlOfUrl(`sqlite:${file}?tablePrefix=x_`)).toBe(
      sqlite.createTablesSql({ tablePrefix: 'x_' }),
    );
    await expect(stat(file)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('are refused for a URL that cannot be, as is its migration, without its password', async () => {
    for (const [{ migrateUrl, createTablesSqlOfUrl }, scheme] of [
      [postgres, 'postgres'],
      [mysql, 'mysql'],
    ] as const) {
      const url = `${scheme}://u:hunter2@127.0.0.1:1/db?retainMs=soon`;
      const errors = [
        await failure(migrateUrl(url)),
        await failure(Promise.resolve().then(() => createTablesSqlOfUrl(url))),
      ];
      for (const error of errors) {
        expect(error).toBeInstanceOf(InvalidArgumentError);
        expect(String(error)).not.toContain('hunter2');
      }
      const unreachable = await failure(migrateUrl(`${scheme}://u:hunter2@127.0.0.1:1/db`));
      expect(String(unreachable)).toContain('127.0.0.1:1/db');
      expect(String(unreachable)).not.toContain('hunter2');
    }
    await expect(sqlite.migrateUrl('sqlite:./x.db?schema=s')).rejects.toBeInstanceOf(InvalidArgumentError);
  });
});
