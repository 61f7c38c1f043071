import mysql2 from 'mysql2';
import type { Pool, PoolOptions } from 'mysql2';
import mysql2Promise from 'mysql2/promise';
import { NotAppliedError } from '@tenure/core/store';
import type { Store } from '@tenure/core/store';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { migrate, mysql } from '../src/mysql.ts';
import type { MysqlOptions } from '../src/mysql.ts';
import { dialect } from '../src/mysql/dialect.ts';
import { flavours, stage } from './mysql-operator.ts';
import type { Stage } from './mysql-operator.ts';
import { eventually, failure, grant, never, nonce, open, record, refuse, win } from './postgres-candidate.ts';

interface Kind {
  readonly what: string;
  readonly options?: PoolOptions;
  readonly session?: string;
}

const MODES = [
  'ANSI_QUOTES',
  'NO_BACKSLASH_ESCAPES',
  'PIPES_AS_CONCAT',
  'IGNORE_SPACE',
  'HIGH_NOT_PRECEDENCE',
];

const kinds: readonly Kind[] = [
  { what: 'as it comes' },
  { what: 'that counts only rows that differ', options: { flags: ['-FOUND_ROWS'] } },
  { what: 'with strange SQL modes', session: `SET SESSION sql_mode = '${MODES.join(',')}'` },
  { what: 'without any SQL mode', session: "SET SESSION sql_mode = ''" },
  { what: 'that is serializable', session: 'SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE' },
  {
    what: 'that reads what is not committed',
    session: 'SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED',
  },
  { what: 'whose transactions are read-only', session: 'SET SESSION TRANSACTION READ ONLY' },
  { what: 'without autocommit', session: 'SET SESSION autocommit = 0' },
  { what: 'in Latin', options: { charset: 'LATIN1_SWEDISH_CI' }, session: 'SET NAMES latin1' },
  { what: 'that gives rows as arrays', options: { rowsAsArray: true } },
  { what: 'that nests tables', options: { nestTables: true } },
  { what: 'with types of its own', options: { typeCast: () => 'nonsense' } },
  { what: 'with named placeholders', options: { namedPlaceholders: true } },
  { what: 'that compiles nothing', options: { disableEval: true } },
  { what: 'that gives large numbers as text', options: { supportBigNumbers: true, bigNumberStrings: true } },
];

for (const { flavour, available } of flavours) {
  describe.skipIf(!available)(`a user's pool of ${flavour}`, () => {
    let place: Stage;
    const stores: Store[] = [];
    const pools: Pool[] = [];

    beforeAll(async () => {
      place = await stage(flavour);
      await migrate({ url: place.url });
    });

    afterEach(async () => {
      await Promise.all(stores.splice(0).map((store) => store.close()));
      await Promise.all(pools.splice(0).map((pool) => pool.promise().end()));
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

    function poolOf({ options = {}, session }: Omit<Kind, 'what'>): Pool {
      const pool = mysql2.createPool({ uri: place.url, connectionLimit: 6, ...options });
      if (session !== undefined) pool.on('connection', (connection) => void connection.query(session));
      pools.push(pool);
      return pool;
    }

    test.for(kinds)('$what serves', async (kind) => {
      const store = storeOf({ pool: poolOf(kind) });
      const others = storeOf({ url: place.url });
      const key = { namespace: nonce(), name: `it's "a" \\ 😀 key?` };
      const one = await open(store);
      const two = await open(others);
      const granted = await grant(one, key);
      expect((await refuse(two, key)).retryInMs).toBeGreaterThan(0);
      const text = `'; DROP TABLE tenure_locks; -- \\' 😀 :name ?`;
      await one.save(granted, text, 1, never);
      await one.save(granted, text, 1, never);
      const shown = { ...record('shown 😀'), metadata: { text } };
      await one.announce(granted, shown, never);
      await one.announce(granted, shown, never);
      expect((await others.holder(key, never))?.value).toContain('shown 😀');
      expect(await store.list({ ...key, name: '' }, never)).toEqual(
        await others.list({ ...key, name: '' }, never),
      );
      for (const time of ['first', 'second']) {
        expect(await store.evict(key, granted.token, { force: false }, never), `${time} eviction`).toBe(true);
        expect((await one.renew(never)).news).toEqual([{ claimId: granted.claimId, what: 'evicted' }]);
      }
      await one.release(key, granted.claimId, never);
      await one.release(key, granted.claimId, never);
      const next = await grant(two, key);
      expect(next.checkpoint).toBe(text);
      expect(next.token).toBeGreaterThan(granted.token);
      await two.release(key, next.claimId, never);
      const dead = await open(store);
      const last = await grant(dead, key);
      await place.operator.ask(`UPDATE tenure_sessions SET expires_at = ${dialect.nowUs} WHERE id = ?`, [
        dead.id,
      ]);
      expect((await win(two, key)).token).toBeGreaterThan(last.token);
    });

    test.for(kinds)('$what is left as it was', async (kind) => {
      const pool = poolOf({ ...kind, options: { ...kind.options, connectionLimit: 2 } });
      const look = async (): Promise<unknown[]> => {
        const connections = await Promise.all([
          pool.promise().getConnection(),
          pool.promise().getConnection(),
        ]);
        const all = connections.map(async (connection) => {
          const [rows] = await connection.query({
            sql: "SHOW SESSION VARIABLES WHERE Variable_name REGEXP '^(tx|transaction)_|autocommit|sql_mode|time_zone|character_set|_wait_timeout$'",
            typeCast: true,
          });
          await connection.query('ROLLBACK');
          connection.release();
          return rows;
        });
        return Promise.all(all);
      };
      const before = await look();
      const session = await open(storeOf({ pool }));
      const key = { namespace: nonce(), name: 'same' };
      await grant(session, key);
      await refuse(session, key);
      await session.renew(never);
      expect(await look()).toEqual(before);
    });

    test('of mysql2/promise serves, and stays open', async () => {
      const pool = mysql2Promise.createPool({ uri: place.url });
      const session = await open(storeOf({ pool }));
      await grant(session, { namespace: nonce(), name: 'promised' });
      await Promise.all(stores.splice(0).map((store) => store.close()));
      const [rows] = await pool.query('SELECT 1 AS one');
      expect(rows).toEqual([{ one: 1 }]);
      await pool.end();
    });

    test('a transaction that somebody left open is neither joined nor ended, and it says so', async () => {
      const pool = poolOf({ options: { connectionLimit: 1 } });
      const session = await open(storeOf({ pool }));
      const note = nonce();
      await place.operator.ask('CREATE TABLE IF NOT EXISTS notes (text varchar(40)) ENGINE = InnoDB');
      const leaky = await pool.promise().getConnection();
      await leaky.beginTransaction();
      await leaky.query('INSERT INTO notes VALUES (?)', [note]);
      leaky.release();
      const error = await failure(session.renew(never));
      expect(error).toBeInstanceOf(NotAppliedError);
      expect(error.message).toContain('without COMMIT or ROLLBACK');
      expect(await failure(migrate({ pool, tablePrefix: 'never_' }))).toBeInstanceOf(NotAppliedError);
      await pool.promise().query('COMMIT');
      expect(await place.operator.ask('SELECT * FROM notes WHERE text = ?', [note])).toHaveLength(1);
      await session.renew(never);
    });

    test('what is written without autocommit is committed, and a failure leaves nothing open', async () => {
      const pool = poolOf({ options: { connectionLimit: 1 }, session: 'SET SESSION autocommit = 0' });
      const session = await open(storeOf({ pool }));
      const key = { namespace: nonce(), name: 'committed' };
      await grant(session, key);
      await refuse(await open(storeOf({ url: place.url })), key);
      await failure(open(storeOf({ pool, tablePrefix: 'missing_' })));
      await pool.promise().query('SET innodb_lock_wait_timeout = 1');
      await using locker = await place.operator.session();
      await locker.beginTransaction();
      await locker.query('SELECT * FROM tenure_sessions FOR UPDATE');
      expect((await failure(session.renew(never))).message).toContain('ER_LOCK_WAIT_TIMEOUT');
      await locker.rollback();
      expect(await place.operator.ask('SELECT trx_id FROM information_schema.innodb_trx')).toEqual([]);
      await session.renew(never);
    });

    test('renewals of one and claims of another do not wait for each other when all are serializable', async () => {
      const session = 'SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE';
      const sessions = await Promise.all(
        Array.from({ length: 4 }, () => open(storeOf({ pool: poolOf({ session }) }))),
      );
      const key = { namespace: nonce(), name: 'contended' };
      let holders = 0;
      await Promise.all(
        sessions.map(async (contender) => {
          for (let i = 0; i < 30; i += 1) {
            const mine = record();
            const outcome = await contender.claim(key, mine, never).catch((error: unknown) => error);
            // Four of them fight for it: it may change hands too often.
            if (outcome instanceof NotAppliedError) continue;
            if (outcome instanceof Error) throw outcome;
            if ((outcome as { outcome: string }).outcome === 'held') continue;
            holders += 1;
            expect(holders).toBe(1);
            holders -= 1;
            await eventually(() => contender.release(key, mine.claimId, never));
          }
        }),
      );
      await Promise.all(sessions.map((each) => each.renew(never)));
    });

    test('connections of its own mind no default of the server', async () => {
      const { operator } = place;
      const url = await operator.user('modest');
      await operator.ask("GRANT ALL ON tenure.* TO 'modest'@'127.0.0.1'");
      const [row] = await operator.ask<Record<'mode' | 'connect', string>>(
        'SELECT @@GLOBAL.sql_mode AS mode, @@GLOBAL.init_connect AS `connect`',
      );
      await operator.ask('SET GLOBAL TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY');
      await operator.ask("SET GLOBAL sql_mode = ?, GLOBAL time_zone = '+05:45'", [MODES.join(',')]);
      await operator.ask('SET GLOBAL init_connect = ?', ['SET autocommit = 0']);
      try {
        const [one, two] = [await open(storeOf({ url })), await open(storeOf({ url }))];
        const key = { namespace: nonce(), name: `it's "a" \\ 😀 key?` };
        const granted = await grant(one, key);
        await one.save(granted, `'\\' "x"`, 1, never);
        expect((await refuse(two, key)).retryInMs).toBeLessThanOrEqual(60_000);
        await one.renew(never);
        await one.release(key, granted.claimId, never);
        expect((await grant(two, key)).checkpoint).toBe(`'\\' "x"`);
      } finally {
        await operator.ask('SET GLOBAL TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ WRITE');
        await operator.ask("SET GLOBAL sql_mode = ?, GLOBAL time_zone = 'SYSTEM', GLOBAL init_connect = ?", [
          row!.mode,
          row!.connect,
        ]);
      }
    });
  });
}
