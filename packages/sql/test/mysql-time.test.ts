import mysql2 from 'mysql2';
import type { Pool } from 'mysql2';
import type { Store } from '@tenure/core/store';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { migrate, mysql } from '../src/mysql.ts';
import type { MysqlOptions } from '../src/mysql.ts';
import { dialect } from '../src/mysql/dialect.ts';
import { flavours, stage } from './mysql-operator.ts';
import type { Stage } from './mysql-operator.ts';
import { eventually, grant, never, nonce, open, refuse, win } from './postgres-candidate.ts';

const TTL_MS = 3000;

for (const { flavour, available } of flavours) {
  describe.skipIf(!available)(`${flavour} and time`, () => {
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

    /** Connections whose sessions are in that time zone, as some programs set it. */
    function inZone(zone: string): Pool {
      const pool = mysql2.createPool({ uri: place.url, connectionLimit: 4, timezone: '+05:45' });
      pool.on('connection', (connection) => {
        connection.query(`SET time_zone = '${zone}'`);
      });
      pools.push(pool);
      return pool;
    }

    test('database sessions in time zones a day apart agree on what has expired', async () => {
      const east = await open(storeOf({ pool: inZone('+13:00') }), TTL_MS);
      const west = await open(storeOf({ pool: inZone('-12:00') }), TTL_MS);
      for (const [holder, other] of [
        [east, west],
        [west, east],
      ] as const) {
        const key = { namespace: nonce(), name: 'zones' };
        await holder.renew(never);
        await grant(holder, key);
        await other.renew(never);
        const { retryInMs } = await refuse(other, key);
        expect(retryInMs).toBeGreaterThan(0);
        expect(retryInMs).toBeLessThanOrEqual(TTL_MS);
      }
      const key = { namespace: nonce(), name: 'zones' };
      await east.renew(never);
      await grant(east, key);
      await win(await open(storeOf({ pool: inZone('-12:00') })), key);
    });

    /** A named zone whose clocks change by an hour at that moment, in seconds since 1970. */
    async function zoneThatChangesAt(at: number, to: 'summer' | 'winter'): Promise<string> {
      const name = `Test/${nonce()}`;
      const { operator } = place;
      await using session = await operator.session();
      await session.query("INSERT INTO mysql.time_zone (Use_leap_seconds) VALUES ('N')");
      const [rows] = await session.query('SELECT LAST_INSERT_ID() AS id');
      const [{ id }] = rows as [{ id: number }];
      const [before, after] = to === 'summer' ? [0, 1] : [1, 0];
      await operator.ask('INSERT INTO mysql.time_zone_name VALUES (?, ?)', [name, id]);
      await operator.ask('INSERT INTO mysql.time_zone_transition_type VALUES ?', [
        [
          [id, 0, 0, 0, 'WIN'],
          [id, 1, 3600, 1, 'SUM'],
        ],
      ]);
      await operator.ask('INSERT INTO mysql.time_zone_transition VALUES ?', [
        [
          [id, 1, before],
          [id, at, after],
        ],
      ]);
      return name;
    }

    test.for(['summer', 'winter'] as const)(
      'a lease outlives the change to %s time, and ends by its TTL',
      async (to) => {
        const [row] = await place.operator.ask<{ now: number }>('SELECT UNIX_TIMESTAMP() AS now');
        const zone = await zoneThatChangesAt(row!.now + 3, to);
        const holder = await open(storeOf({ pool: inZone(zone) }), TTL_MS);
        const other = await open(storeOf({ pool: inZone(zone) }));
        const key = { namespace: nonce(), name: 'change' };
        const witness = inZone(zone).promise();
        const offset = async (): Promise<number> => {
          const [rows] = await witness.query(
            'SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), CURRENT_TIMESTAMP()) AS s',
          );
          return (rows as { s: number }[])[0]!.s;
        };
        const before = await offset();
        expect(before, 'seconds east of Greenwich before the change').toBe(to === 'summer' ? 0 : 3600);
        await grant(holder, key);
        for (;;) {
          const changed = (await offset()) !== before;
          await holder.renew(never);
          const { retryInMs } = await refuse(other, key);
          expect(retryInMs).toBeGreaterThan(0);
          expect(retryInMs).toBeLessThanOrEqual(TTL_MS);
          if (changed) break;
        }
        await win(other, key);
      },
    );

    test("a user's transaction older than the TTL neither ends a lease, nor keeps one alive, nor makes one that is over", async () => {
      const pool = mysql2.createPool({ uri: place.url, connectionLimit: 8 });
      pools.push(pool);
      const holder = await open(storeOf({ pool }), TTL_MS);
      const key = { namespace: nonce(), name: 'old' };
      await grant(holder, key);
      const user = await pool.promise().getConnection();
      await user.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
      await user.beginTransaction();
      await user.query('SELECT * FROM tenure_locks, tenure_sessions');
      const [rows] = await user.query(`SELECT ${dialect.nowUs} AS us`);
      const began = (rows as { us: number }[])[0]!.us;
      await eventually(async () => {
        await holder.renew(never);
        const [row] = await place.operator.ask<{ us: number }>(`SELECT ${dialect.nowUs} AS us`);
        expect(row!.us - began).toBeGreaterThan((TTL_MS + 200) * 1000);
      });
      const other = await open(storeOf({ pool }));
      expect((await refuse(other, key)).retryInMs).toBeLessThanOrEqual(TTL_MS);
      await grant(holder, { ...key, name: 'new' });
      expect((await refuse(other, { ...key, name: 'new' })).retryInMs).toBeGreaterThan(0);
      await win(other, key);
      await user.commit();
      user.release();
    });

    test('the time is that of the statement, also in an old transaction, whatever the zone', async () => {
      await using session = await place.operator.session();
      await session.beginTransaction();
      const now = async (): Promise<bigint> => {
        const [rows] = await session.query(`SELECT CAST(${dialect.nowUs} AS CHAR) AS us`);
        return BigInt((rows as { us: string }[])[0]!.us);
      };
      const first = await now();
      await session.query("SET time_zone = '+05:45'");
      const second = await now();
      expect(second).toBeGreaterThan(first);
      expect(second - first).toBeLessThan(3_600_000_000n);
      const [rows] = await session.query('SELECT UNIX_TIMESTAMP() AS s');
      const third = Number((await now()) / 1_000_000n);
      expect(third - (rows as { s: number }[])[0]!.s).toBeLessThanOrEqual(60);
      expect(third).toBeGreaterThanOrEqual((rows as { s: number }[])[0]!.s);
    });

    test('the time keeps every microsecond', async () => {
      await using session = await place.operator.session();
      for (const fraction of ['000000', '000001', '499999', '999999']) {
        await session.query(`SET timestamp = 1795257108.${fraction}`);
        const [rows] = await session.query(`SELECT CAST(${dialect.nowUs} AS CHAR) AS us`);
        expect(rows).toEqual([{ us: `1795257108${fraction}` }]);
      }
    });
  });
}
