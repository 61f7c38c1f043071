import { fork } from 'node:child_process';
import { once } from 'node:events';
import { AccessDeniedError, InvalidArgumentError } from '@tenure/core/store';
import type { Store } from '@tenure/core/store';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startPostgres } from '../../../test/servers/postgres.ts';
import type { PostgresServer } from '../../../test/servers/postgres.ts';
import { createTablesSql, dropTablesSql, migrate, openUrl, postgres } from '../src/postgres.ts';
import type { PostgresOptions } from '../src/postgres.ts';
import { failure, grant, never, nonce, open, refuse } from './postgres-candidate.ts';
import { Operator, urlWith } from './postgres-operator.ts';

const available = await serverOrSkip('postgres', { own: true });

describe.skipIf(!available)('tables in PostgreSQL', () => {
  let server: PostgresServer;
  let operator: Operator;
  let url: string;
  const stores: Store[] = [];

  beforeAll(async () => {
    server = await startPostgres({ own: true });
    url = server.urls[0]!;
    operator = new Operator(url);
  });

  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
  });

  afterAll(async () => {
    await operator.close();
    await server.stop();
  });

  const storeOf = (options: PostgresOptions): Store => {
    const store = postgres(options);
    stores.push(store);
    return store;
  };

  async function database(): Promise<string> {
    const name = `db_${nonce()}`;
    await operator.ask(`CREATE DATABASE ${name}`);
    return urlWith(url, { database: name });
  }

  async function roleOf(place: string): Promise<string> {
    const role = `role_${nonce()}`;
    await operator.ask(`CREATE ROLE ${role} LOGIN`);
    const own = new URL(place);
    own.username = role;
    return own.href;
  }

  test('without tables, every verb says what to do', async () => {
    const error = await failure(open(storeOf({ url: await database() })));
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error.message).toMatch(
      /"public.tenure_\w+" does not exist \(42P01\).*migrate\(\).*createTablesSql\(\)/u,
    );
  });

  test('ten processes that make the tables at once all succeed, and so does an eleventh', async () => {
    const place = await database();
    const program = new URL('postgres-migrator.ts', import.meta.url);
    const migrators = Array.from({ length: 10 }, () =>
      fork(program, [place], { execArgv: ['--conditions=tenure-source', '--import', 'tsx'] }),
    );
    const exits = await Promise.all(migrators.map(async (child) => (await once(child, 'exit'))[0] as number));
    expect(exits).toEqual(Array.from({ length: 10 }, () => 0));
    await migrate({ url: place, schema: 'coordination' });
    await grant(await open(storeOf({ url: place, schema: 'coordination' })), { namespace: 'n', name: 'k' });
  });

  test('twenty stores that make their tables at first use all work', async () => {
    const place = await database();
    const all = Array.from({ length: 20 }, () =>
      storeOf({ url: place, migrate: 'auto', maxConnections: 2, listen: false }),
    );
    await Promise.all(all.map((store) => open(store)));
  });

  test('a role that may use the tables, and no more, can also call migrate; one that may not is told so', async () => {
    const place = await database();
    await migrate({ url: place, schema: 'locks' });
    const theirs = await roleOf(place);
    await using owner = await new Operator(place).session();
    const denied = await failure(open(storeOf({ url: theirs, schema: 'locks' })));
    expect(denied).toBeInstanceOf(AccessDeniedError);
    expect(denied.message).toContain('permission denied for schema locks (42501)');
    const { username } = new URL(theirs);
    await owner.query(`GRANT USAGE ON SCHEMA locks TO ${username}`);
    await owner.query(
      `GRANT SELECT, INSERT, UPDATE, DELETE ON locks.tenure_sessions, locks.tenure_locks TO ${username}`,
    );
    await migrate({ url: theirs, schema: 'locks' });
    await grant(await open(storeOf({ url: theirs, schema: 'locks' })), { namespace: 'n', name: 'k' });
    const other = await failure(migrate({ url: theirs, schema: 'elsewhere' }));
    expect(other).toBeInstanceOf(AccessDeniedError);
  });

  test('a role without rights on the tables is denied, also at its first claim', async () => {
    const place = await database();
    await migrate({ url: place });
    const theirs = await roleOf(place);
    expect(await failure(open(storeOf({ url: theirs })))).toBeInstanceOf(AccessDeniedError);
  });

  test('"Job", "job", "jób", "JOB " and "job " are five keys', async () => {
    const place = await database();
    await migrate({ url: place });
    const [one, other] = [await open(storeOf({ url: place })), await open(storeOf({ url: place }))];
    for (const name of ['Job', 'job', 'jób', 'JOB ', 'job ']) await grant(one, { namespace: 'n', name });
    for (const name of ['Job', 'job', 'jób', 'JOB ', 'job ']) await refuse(other, { namespace: 'n', name });
    await grant(other, { namespace: 'N', name: 'job' });
  });

  test('a list goes by the bytes of the prefix, also in a database that sorts as people do', async () => {
    const name = `db_${nonce()}`;
    await operator.ask(
      `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'und'`,
    );
    const place = urlWith(url, { database: name });
    await migrate({ url: place });
    const store = storeOf({ url: place });
    const session = await open(store);
    for (const key of ['a', 'a-1', 'A-2', 'a-10', 'ab', 'á-3', 'b'])
      await grant(session, { namespace: 'n', name: key });
    const listed = await store.list({ namespace: 'n', name: 'a-' }, never);
    expect(listed.map(({ key }) => key)).toEqual(['a-1', 'a-10']);
  });

  test('names with quotes, dollars and question marks are names of tables', async () => {
    const place = await database();
    const names = { tablePrefix: `it's a "ta$1ble"? `, schema: `the $tenure$ "schema'?` };
    await migrate({ url: place, ...names });
    await migrate({ url: place, ...names });
    const one = await open(storeOf({ url: place, ...names }));
    const other = await open(storeOf({ url: place, ...names }));
    await grant(one, { namespace: 'n', name: 'k' });
    await refuse(other, { namespace: 'n', name: 'k' });
    await one.renew(never);
  });

  test('the SQL for a migration tool of your own makes what the store needs, twice too, and takes it away', async () => {
    const place = await database();
    const owner = new Operator(place);
    const options = { schema: 'mine', tablePrefix: 'ours_' };
    await owner.ask(createTablesSql(options));
    await owner.ask(createTablesSql(options));
    await grant(await open(storeOf({ url: place, ...options })), { namespace: 'n', name: 'k' });
    await Promise.all(stores.splice(0).map((store) => store.close()));
    await owner.ask(dropTablesSql(options));
    expect(await owner.ask("SELECT FROM pg_class WHERE relname LIKE 'ours%'")).toEqual([]);
    await owner.close();
  });

  test('tables of two prefixes, or in two schemas, know nothing of each other', async () => {
    const place = await database();
    const key = { namespace: 'n', name: 'k' };
    for (const options of [{}, { tablePrefix: 'x_' }, { schema: 'x' }]) {
      await migrate({ url: place, ...options });
      await grant(await open(storeOf({ url: place, ...options })), key);
    }
  });

  test('a URL says it all', async () => {
    const place = await database();
    const full = urlWith(place, {
      schema: 'by url',
      tablePrefix: 'p_',
      namespace: 'billing',
      migrate: 'auto',
      listen: 'false',
      maxConnections: '2',
      application_name: 'mine',
    });
    const store = openUrl(full);
    stores.push(store);
    expect(store.namespace).toBe('billing');
    expect(store.traits.wakes).toBe('poll');
    await grant(await open(store), { namespace: 'n', name: 'k' });
    const owner = new Operator(place);
    expect(await owner.ask('SELECT name FROM "by url".p_locks')).toEqual([{ name: 'k' }]);
    expect((await owner.backends('mine')).length).toBeGreaterThan(0);
    await owner.close();
  });
});
