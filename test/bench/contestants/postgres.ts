import { randomBytes } from 'node:crypto';
import { DatabaseStore } from '@verrou/core/drivers/database';
import { Verrou } from '@verrou/core';
import pg from 'pg';
import { PATIENT_TTL_MS } from '../contestant.ts';
import type { Contestant, Field, Hold, Spot } from '../contestant.ts';
import { VerrouTable } from './verrou-table.ts';

const TABLE = 'bench_floor';
const VERROU_TABLE = 'bench_verrou';
/** As many as the store uses. */
const CONNECTIONS = 4;
const CHANNEL = 'bench_floor';

const CLAIM = {
  name: 'bench-claim',
  text:
    `INSERT INTO ${TABLE} AS l VALUES ($1, $2, 1, now() + interval '${PATIENT_TTL_MS} ms') ON CONFLICT (k) DO UPDATE SET ` +
    'owner = excluded.owner, token = l.token + 1, expires_at = excluded.expires_at ' +
    'WHERE l.owner IS NULL OR l.expires_at < now() RETURNING token',
};
const FREE = {
  name: 'bench-free',
  text: `UPDATE ${TABLE} SET owner = NULL WHERE k = $1 AND owner = $2`,
};
const FREE_AND_TELL = {
  name: 'bench-tell',
  text: `WITH freed AS (UPDATE ${TABLE} SET owner = NULL WHERE k = $1 AND owner = $2) SELECT pg_notify('${CHANNEL}', $1)`,
};

/** The store's own parameters are none of the driver's. */
const addressOf = ({ url }: Spot): string => {
  const address = new URL(url);
  for (const name of ['schema', 'tablePrefix', 'migrate', 'retainMs', 'namespace', 'maxConnections'])
    address.searchParams.delete(name);
  return address.href;
};

function poolOf(spot: Spot): pg.Pool {
  const pool = new pg.Pool({ connectionString: addressOf(spot), max: CONNECTIONS });
  pool.on('error', () => {});
  return pool;
}

async function drop(spot: Spot, table: string): Promise<void> {
  const pool = poolOf(spot);
  await pool.query(`DROP TABLE IF EXISTS ${table}`);
  await pool.end();
}

const makeTable = (pool: pg.Pool): Promise<unknown> =>
  pool.query(
    `CREATE TABLE IF NOT EXISTS ${TABLE} (k text PRIMARY KEY, owner text, token bigint NOT NULL, expires_at timestamptz NOT NULL)`,
  );

const nonce = (): string => randomBytes(8).toString('hex');

/** A row that is claimed if it is free or has run out, and freed. */
const floor: Contestant = {
  name: 'floor: claim and free a row',
  role: 'floor',
  async open(spot) {
    const pool = poolOf(spot);
    await makeTable(pool);
    return {
      acquire: async (key): Promise<Hold> => {
        const me = nonce();
        const { rowCount } = await pool.query({ ...CLAIM, values: [key, me] });
        if (rowCount === 0) throw new Error(`"${key}" should have been free`);
        return { release: () => pool.query({ ...FREE, values: [key, me] }) };
      },
      close: () => pool.end(),
    };
  },
  tidy: (spot) => drop(spot, TABLE),
};

/** The same, and the freeing is told; who hears it claims. */
const told: Contestant = {
  name: 'floor: free, NOTIFY, claim',
  role: 'floor',
  async open(spot) {
    const pool = poolOf(spot);
    await makeTable(pool);
    const ear = new pg.Client({ connectionString: addressOf(spot) });
    await ear.connect();
    await ear.query(`LISTEN ${CHANNEL}`);
    let wake = new Map<string, () => void>();
    ear.on('notification', ({ payload = '' }) => wake.get(payload)?.());
    return {
      acquire: async (key): Promise<Hold> => {
        const me = nonce();
        for (;;) {
          const heard = new Promise<void>((resolve) => {
            wake = wake.set(key, resolve);
          });
          const { rowCount } = await pool.query({ ...CLAIM, values: [key, me] });
          if (rowCount === 1) break;
          await heard;
        }
        return { release: () => pool.query({ ...FREE_AND_TELL, values: [key, me] }) };
      },
      close: () => Promise.all([ear.end(), pool.end()]),
    };
  },
  tidy: (spot) => drop(spot, TABLE),
};

/** It goes with its connection: nothing is written, and nobody is stopped who only seems to be alive. */
const advisory: Contestant = {
  name: 'advisory lock (does less)',
  role: 'less',
  async open(spot) {
    const pool = poolOf(spot);
    return {
      acquire: async (key): Promise<Hold> => {
        const client = await pool.connect();
        const values = [key];
        await client.query({
          name: 'lock',
          text: 'SELECT pg_advisory_lock(hashtextextended($1, 0))',
          values,
        });
        return {
          release: async () => {
            const text = 'SELECT pg_advisory_unlock(hashtextextended($1, 0))';
            await client.query({ name: 'unlock', text, values });
            client.release();
          },
        };
      },
      close: () => pool.end(),
    };
  },
};

/** On the statements that its adapter for Kysely makes, without Kysely. */
const verrou: Contestant = {
  name: 'verrou',
  role: 'peer',
  async open(spot) {
    const pool = poolOf(spot);
    const table = new VerrouTable(pool);
    const config = { tableName: VERROU_TABLE, autoCreateTable: true };
    const driver = { config, factory: () => new DatabaseStore(table, config) };
    const locks = new Verrou({ default: 'pg', stores: { pg: { driver } } });
    // The first lock makes the table.
    const first = locks.createLock('first', PATIENT_TTL_MS);
    await first.acquire();
    await first.release();
    return {
      acquire: async (key): Promise<Hold> => {
        const lock = locks.createLock(key, PATIENT_TTL_MS);
        await lock.acquire();
        return lock;
      },
      close: () => pool.end(),
    };
  },
  tidy: (spot) => drop(spot, VERROU_TABLE),
};

export const postgresField: Field = {
  uncontended: [floor, advisory, verrou],
  contended: [told, advisory, verrou],
  handover: [told, advisory, verrou],
};
