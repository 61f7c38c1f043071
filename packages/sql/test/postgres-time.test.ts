import pg from 'pg';
import type { Store } from '@tenure/core/store';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { serverOrSkip } from '../../../test/servers/availability.ts';
import { startPostgres } from '../../../test/servers/postgres.ts';
import type { PostgresServer } from '../../../test/servers/postgres.ts';
import { migrate, postgres } from '../src/postgres.ts';
import type { PostgresOptions } from '../src/postgres.ts';
import { dialect } from '../src/postgres/dialect.ts';
import { eventually, grant, never, nonce, open, refuse, win } from './postgres-candidate.ts';
import { Operator } from './postgres-operator.ts';

const available = await serverOrSkip('postgres', { own: true });
const TTL_MS = 1500;

describe.skipIf(!available)('PostgreSQL and time', () => {
  let server: PostgresServer;
  let operator: Operator;
  const stores: Store[] = [];

  beforeAll(async () => {
    server = await startPostgres({ own: true });
    operator = new Operator(server.urls[0]!);
    await migrate({ url: operator.url });
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

  /** A role whose sessions are in that time zone; as user in the URL. */
  async function inZone(zone: string): Promise<string> {
    const role = `zone_${nonce()}`;
    await operator.ask(`CREATE ROLE ${role} LOGIN`);
    await operator.ask(`GRANT SELECT, INSERT, UPDATE, DELETE ON tenure_sessions, tenure_locks TO ${role}`);
    await operator.ask(`ALTER ROLE ${role} SET timezone = '${zone}'`);
    const url = new URL(operator.url);
    url.username = role;
    return url.href;
  }

  test('database sessions in time zones a day apart agree on what has expired', async () => {
    const east = await open(storeOf({ url: await inZone('Pacific/Kiritimati') }), TTL_MS);
    const west = await open(storeOf({ url: await inZone('Etc/GMT+12') }), TTL_MS);
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
    const patient = await open(storeOf({ url: await inZone('Etc/GMT+12') }));
    await win(patient, key);
  });

  /** A zone, in POSIX's notation, whose clocks change by an hour at that moment. */
  function zoneThatChangesAt(at: Date, to: 'summer' | 'winter'): string {
    // What is in force before the change is what its time is told in.
    const local = new Date(at.getTime() + (to === 'winter' ? 3_600_000 : 0));
    const day = Math.floor((local.getTime() - Date.UTC(local.getUTCFullYear(), 0, 1)) / 86_400_000);
    const rule = `${day}/${local.getUTCHours()}:${local.getUTCMinutes()}:${local.getUTCSeconds()}`;
    const other = `${(day + 180) % 365}/2`;
    return to === 'summer' ? `WIN0SUM,${rule},${other}` : `WIN0SUM,${other},${rule}`;
  }

  test.for(['summer', 'winter'] as const)(
    'a lease outlives the change to %s time, and ends by its TTL',
    async (to) => {
      const [row] = await operator.ask<{ now: Date }>('SELECT clock_timestamp() AS now');
      const change = new Date(Math.ceil(row!.now.getTime() / 1000) * 1000 + 2000);
      const url = await inZone(zoneThatChangesAt(change, to));
      const holder = await open(storeOf({ url }), TTL_MS);
      const other = await open(storeOf({ url }));
      const key = { namespace: nonce(), name: 'change' };
      const witness = new pg.Client({ connectionString: url });
      await witness.connect();
      const offset = async (): Promise<number> => {
        const { rows } = await witness.query('SELECT extract(timezone FROM clock_timestamp())::int AS s');
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
      await witness.end();
    },
  );

  test("a user's transaction older than the TTL neither ends a lease, nor keeps one alive, nor makes one that is over", async () => {
    const pool = new pg.Pool({ connectionString: operator.url, max: 8 });
    const holder = await open(storeOf({ pool }), TTL_MS);
    const key = { namespace: nonce(), name: 'old' };
    await grant(holder, key);
    const user = await pool.connect();
    await user.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await user.query('SELECT * FROM tenure_locks, tenure_sessions');
    await eventually(async () => {
      await holder.renew(never);
      const { rows } = await user.query('SELECT extract(epoch FROM clock_timestamp() - now()) * 1000 AS ms');
      expect(Number((rows as { ms: string }[])[0]!.ms)).toBeGreaterThan(TTL_MS + 200);
    });
    const other = await open(storeOf({ pool }));
    expect((await refuse(other, key)).retryInMs).toBeLessThanOrEqual(TTL_MS);
    await grant(holder, { ...key, name: 'new' });
    expect((await refuse(other, { ...key, name: 'new' })).retryInMs).toBeGreaterThan(0);
    await win(other, key);
    await user.query('COMMIT');
    user.release();
    await Promise.all(stores.splice(0).map((store) => store.close()));
    await pool.end();
  });

  test('the time is that of the statement, also in an old transaction, whatever the zone', async () => {
    await using client = await operator.session();
    await client.query('BEGIN');
    const ask = async (): Promise<[bigint, bigint]> => {
      const { rows } = await client.query(
        `SELECT ${dialect.nowUs}::text AS now, (extract(epoch FROM now()) * 1000000)::bigint::text AS began`,
      );
      const [{ now, began }] = rows as [{ now: string; began: string }];
      return [BigInt(now), BigInt(began)];
    };
    const [first, began] = await ask();
    await client.query("SET TIME ZONE 'Asia/Kathmandu'");
    const [second, same] = await ask();
    expect(same).toBe(began);
    expect(second).toBeGreaterThan(first);
    expect(second - first).toBeLessThan(3_600_000_000n);
  });

  test('the time keeps every microsecond', async () => {
    const expression = dialect.nowUs.replace('clock_timestamp()', 't');
    const [row] = await operator.ask(
      `SELECT count(*)::int AS wrong FROM generate_series(0, 99999) AS n, ` +
        `LATERAL (SELECT timestamptz '2026-07-01 00:00:00Z' + n * interval '1234567 microseconds' AS t) AS at ` +
        `WHERE ${expression} <> extract(epoch FROM timestamptz '2026-07-01 00:00:00Z')::bigint * 1000000 + n * 1234567::bigint`,
    );
    expect(row).toEqual({ wrong: 0 });
  });
});
