import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { createPool } from 'mysql2/promise';
import type { Pool, ResultSetHeader } from 'mysql2/promise';
import { PATIENT_TTL_MS } from '../contestant.ts';
import type { Contestant, Field, Hold, Spot } from '../contestant.ts';

const TABLE = 'bench_floor';
/** As many as the store uses. */
const CONNECTIONS = 4;
/** How often who waits asks again. */
const POLL_MS = 20;

function poolOf({ url }: Spot): Pool {
  const { hostname, port, username, password, pathname } = new URL(url);
  return createPool({
    host: hostname,
    port: port === '' ? 3306 : Number(port),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: pathname.slice(1),
    connectionLimit: CONNECTIONS,
  });
}

const CLAIM = `INSERT IGNORE INTO ${TABLE} VALUES (?, ?, 1, UTC_TIMESTAMP(6) + INTERVAL ${PATIENT_TTL_MS / 1000} SECOND)`;
const CLAIM_AGAIN =
  `UPDATE ${TABLE} SET owner = ?, token = token + 1, expires_at = UTC_TIMESTAMP(6) + INTERVAL ${PATIENT_TTL_MS / 1000} SECOND ` +
  'WHERE k = ? AND (owner IS NULL OR expires_at < UTC_TIMESTAMP(6))';
const FREE = `UPDATE ${TABLE} SET owner = NULL WHERE k = ? AND owner = ?`;

/** A row that is claimed if it is free or has run out, and freed; who has to wait asks again every 20 ms. */
const floor: Contestant = {
  name: 'floor: claim and free a row',
  role: 'floor',
  async open(spot) {
    const pool = poolOf(spot);
    await pool.query(
      `CREATE TABLE IF NOT EXISTS ${TABLE} (k VARCHAR(255) PRIMARY KEY, owner VARCHAR(64), token BIGINT NOT NULL, expires_at DATETIME(6) NOT NULL)`,
    );
    const changed = async (text: string, values: string[]): Promise<boolean> => {
      const [{ affectedRows }] = await pool.execute<ResultSetHeader>(text, values);
      return affectedRows > 0;
    };
    return {
      acquire: async (key): Promise<Hold> => {
        const me = randomBytes(8).toString('hex');
        while (!((await changed(CLAIM, [key, me])) || (await changed(CLAIM_AGAIN, [me, key]))))
          await pause(POLL_MS);
        return { release: () => changed(FREE, [key, me]) };
      },
      close: () => pool.end(),
    };
  },
  tidy: async (spot) => {
    const pool = poolOf(spot);
    await pool.query(`DROP TABLE IF EXISTS ${TABLE}`);
    await pool.end();
  },
};

/** It goes with its connection: nothing is written, and nobody is stopped who only seems to be alive. */
const getLock: Contestant = {
  name: 'GET_LOCK (does less)',
  role: 'less',
  async open(spot) {
    const pool = poolOf(spot);
    return {
      acquire: async (key): Promise<Hold> => {
        const connection = await pool.getConnection();
        await connection.execute('SELECT GET_LOCK(?, 60)', [key]);
        return {
          release: async () => {
            await connection.execute('SELECT RELEASE_LOCK(?)', [key]);
            connection.release();
          },
        };
      },
      close: () => pool.end(),
    };
  },
};

export const mariadbField: Field = {
  uncontended: [floor, getLock],
  contended: [floor, getLock],
  handover: [floor, getLock],
};
