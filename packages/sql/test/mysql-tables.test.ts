import { fork } from 'node:child_process';
import { once } from 'node:events';
import { AccessDeniedError, InvalidArgumentError } from '@tenure/core/store';
import type { Store } from '@tenure/core/store';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createTablesSql, dropTablesSql, migrate, mysql, openUrl } from '../src/mysql.ts';
import type { MysqlOptions } from '../src/mysql.ts';
import { flavours, Operator, stage, urlWith } from './mysql-operator.ts';
import type { Stage } from './mysql-operator.ts';
import { failure, grant, never, nonce, open, refuse } from './postgres-candidate.ts';

for (const { flavour, available } of flavours) {
  describe.skipIf(!available)(`tables in ${flavour}`, () => {
    let place: Stage;
    const stores: Store[] = [];

    beforeAll(async () => {
      place = await stage(flavour);
    });

    afterEach(async () => {
      await Promise.all(stores.splice(0).map((store) => store.close()));
    });

    afterAll(async () => {
      await place.operator.close();
      await place.server.stop();
    });

    const storeOf = (options: MysqlOptions): Store => {
      const store = mysql(options);
      stores.push(store);
      return store;
    };

    async function database(): Promise<string> {
      const name = `db_${nonce()}`;
      await place.operator.ask(`CREATE DATABASE ${name}`);
      return urlWith(place.url, { database: name });
    }

    const nameOf = (url: string): string => new URL(url).pathname.slice(1);

    test('without tables, every verb says what to do', async () => {
      const error = await failure(open(storeOf({ url: await database() })));
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect(error.message).toMatch(/tenure_\w+' doesn't exist .*migrate\(\).*createTablesSql\(\)/u);
    });

    test('without a database, it says where to name one', async () => {
      const error = await failure(open(storeOf({ url: urlWith(place.url, { database: '' }) })));
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect(error.message).toMatch(/No database selected.*as schema/u);
    });

    test('ten processes that make the tables at once all succeed, and so does an eleventh', async () => {
      const url = await database();
      const program = new URL('mysql-migrator.ts', import.meta.url);
      const migrators = Array.from({ length: 10 }, () =>
        fork(program, [url], { execArgv: ['--conditions=tenure-source', '--import', 'tsx'] }),
      );
      const exits = await Promise.all(
        migrators.map(async (child) => (await once(child, 'exit'))[0] as number),
      );
      expect(exits).toEqual(Array.from({ length: 10 }, () => 0));
      await migrate({ url });
      await grant(await open(storeOf({ url })), { namespace: 'n', name: 'k' });
    });

    test('twenty stores that make their tables at first use all work', async () => {
      const url = await database();
      const all = Array.from({ length: 20 }, () => storeOf({ url, migrate: 'auto', maxConnections: 2 }));
      await Promise.all(all.map((store) => open(store)));
    });

    test('one table that is there already gets the other', async () => {
      const url = await database();
      await migrate({ url });
      await place.operator.ask(`DROP TABLE ${nameOf(url)}.tenure_locks`);
      await migrate({ url });
      await grant(await open(storeOf({ url })), { namespace: 'n', name: 'k' });
    });

    test('tables that lack a column are refused, by migrate too', async () => {
      const url = await database();
      await migrate({ url });
      await place.operator.ask(`ALTER TABLE ${nameOf(url)}.tenure_sessions DROP COLUMN revoked`);
      for (const error of [await failure(migrate({ url })), await failure(open(storeOf({ url })))]) {
        expect(error).toBeInstanceOf(InvalidArgumentError);
        expect(error.message).toContain('not those of this version');
      }
    });

    test('a user who may use the tables, and no more, can also call migrate; one who may not is told so', async () => {
      const url = await database();
      await migrate({ url });
      const name = `user_${nonce().slice(0, 8)}`;
      const theirs = await place.operator.user(name);
      const options = { url: urlWith(theirs, { database: '' }), schema: nameOf(url) };
      for (const denied of [await failure(open(storeOf(options))), await failure(migrate(options))]) {
        expect(denied).toBeInstanceOf(AccessDeniedError);
        expect(denied.message).toMatch(/denied/u);
      }
      for (const table of ['tenure_sessions', 'tenure_locks']) {
        await place.operator.ask(
          `GRANT SELECT, INSERT, UPDATE, DELETE ON ${nameOf(url)}.${table} TO '${name}'@'127.0.0.1'`,
        );
      }
      await migrate(options);
      await grant(await open(storeOf(options)), { namespace: 'n', name: 'k' });
      const other = await failure(migrate({ ...options, tablePrefix: 'other_' }));
      expect(other).toBeInstanceOf(AccessDeniedError);
    });

    test('keys that differ in case, an accent or a space at the end are others', async () => {
      const url = await database();
      await migrate({ url });
      const [one, other] = [await open(storeOf({ url })), await open(storeOf({ url }))];
      const names = ['Job', 'job', 'jób', 'JOB ', 'job ', 'a', 'a ', 'ß', 'ss'];
      for (const name of names) await grant(one, { namespace: 'n', name });
      for (const name of names) await refuse(other, { namespace: 'n', name });
      await grant(other, { namespace: 'N', name: 'job' });
      await grant(other, { namespace: 'n ', name: 'job' });
      const listed = await stores[0]!.list({ namespace: 'n', name: 'j' }, never);
      expect(listed.map(({ key }) => key)).toEqual(['job', 'job ', 'jób']);
    });

    test('emoji, quotes, backslashes and 1024 bytes are keys as any other', async () => {
      const url = await database();
      await migrate({ url });
      const [one, other] = [await open(storeOf({ url })), await open(storeOf({ url }))];
      const names = [
        '😀',
        '😃',
        "it's",
        '\\',
        '\\\\',
        '"?"',
        '%',
        '_',
        `${'é'.repeat(511)}aa`,
        `${'é'.repeat(511)}ab`,
      ];
      for (const name of names) {
        const granted = await grant(one, { namespace: name, name });
        await one.save(granted, `saved by ${name}`, 1, never);
      }
      for (const name of names) {
        const held = await refuse(other, { namespace: name, name });
        expect(held.holder?.key).toBe(name);
        expect(await stores[0]!.list({ namespace: name, name: '' }, never)).toHaveLength(1);
      }
    });

    test.for(['ta`ble` ', "it's ", '"quoted" ', 'ques?tion $1 ', 'back\\slash\\'])(
      '%j can begin the names of tables',
      async (tablePrefix) => {
        const url = await database();
        const options = { url, tablePrefix };
        await migrate(options);
        await migrate(options);
        const [one, other] = [await open(storeOf(options)), await open(storeOf(options))];
        await grant(one, { namespace: 'n', name: 'k' });
        await refuse(other, { namespace: 'n', name: 'k' });
        await one.renew(never);
      },
    );

    test('the SQL for a migration tool of your own makes what the store needs, twice too, and takes it away', async () => {
      const url = await database();
      const owner = new Operator(url);
      const options = { tablePrefix: 'ours_' };
      await owner.ask(createTablesSql(options));
      await owner.ask(createTablesSql(options));
      await grant(await open(storeOf({ url, ...options })), { namespace: 'n', name: 'k' });
      await Promise.all(stores.splice(0).map((store) => store.close()));
      await owner.ask(dropTablesSql(options));
      expect(await owner.ask("SHOW TABLES LIKE 'ours%'")).toEqual([]);
      await owner.close();
    });

    test('tables of two prefixes, or in two databases, know nothing of each other', async () => {
      const url = await database();
      const key = { namespace: 'n', name: 'k' };
      for (const options of [{}, { tablePrefix: 'x_' }, { schema: nameOf(await database()) }]) {
        await migrate({ url, ...options });
        await grant(await open(storeOf({ url, ...options })), key);
      }
    });

    test.for(['mysql', 'mariadb'])('a %s URL says it all', async (scheme) => {
      const url = await database();
      const full = urlWith(urlWith(place.url, { database: '' }), {
        schema: nameOf(url),
        tablePrefix: 'p_',
        namespace: 'billing',
        migrate: 'auto',
        maxConnections: '2',
        pollMs: '50',
        connectTimeout: '2000',
        charset: 'LATIN1_SWEDISH_CI',
      });
      const store = openUrl(full.replace(/^mysql/u, scheme));
      stores.push(store);
      expect(store.namespace).toBe('billing');
      expect(store.traits.wakes).toBe('poll');
      await grant(await open(store), { namespace: 'n', name: '😀' });
      const rows = await place.operator.ask<{ name: Buffer }>(`SELECT name FROM ${nameOf(url)}.p_locks`);
      expect(rows.map(({ name }) => name.toString())).toEqual(['😀']);
    });
  });
}
