/** One lock of each older system, told in that system's own requests, on servers where `closeDoor` can meet it. */
import { Redis } from 'ioredis';
import { createPool } from 'mysql2/promise';
import type { ResultSetHeader } from 'mysql2/promise';
import { Pool } from 'pg';
import { startConsul } from '../../servers/consul.ts';
import { startMariadb } from '../../servers/mariadb.ts';
import { startPostgres } from '../../servers/postgres.ts';
import { startRedis } from '../../servers/redis.ts';
import { request } from '../../servers/request.ts';
import { closeDoor as closeConsul } from './consul.ts';
import { closeDoor as closeMysql } from './mysql.ts';
import { closeDoor as closePostgres } from './postgres.ts';
import { closeDoor as closeRedis } from './redis.ts';

interface OldSystem {
  acquire(): Promise<boolean>;
  release(): Promise<void>;
  close(): Promise<boolean>;
  stop(): Promise<void>;
}

const KEY = 'nightly-report';
const TOKEN = '0f0c7f4e-8a3e-4b57-9d0e-2f6b1a6f4f10';
const TTL_MS = 60_000;

/** dlock: api.Lock on the key itself, and the end of the session as its only way to let go. */
async function dlock(): Promise<OldSystem> {
  const server = await startConsul();
  const agent = server.urls[0]!;
  const put = (path: string, body = ''): Promise<string> =>
    request(`${agent}/v1/${path}`, { method: 'PUT', body });
  const create = async (): Promise<string> =>
    (JSON.parse(await put('session/create', '{"TTL":"60s","LockDelay":"0s"}')) as { ID: string }).ID;
  let session = await create();
  return {
    acquire: async () =>
      (await put(`kv/${KEY}?acquire=${session}&flags=3304740253564472344`, '{}')).trim() === 'true',
    release: async () => {
      await put(`session/destroy/${session}`);
      session = await create();
    },
    close: () => closeConsul(agent, KEY),
    stop: () => server.stop(),
  };
}

async function dlm(): Promise<OldSystem> {
  const server = await startRedis();
  const redis = new Redis(server.urls[0]!);
  const compareAndDelete =
    "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end";
  return {
    acquire: async () => (await redis.set(KEY, TOKEN, 'PX', TTL_MS, 'NX')) === 'OK',
    release: async () => void (await redis.eval(compareAndDelete, 1, KEY, TOKEN)),
    close: () => closeRedis(redis, KEY),
    stop: async () => {
      redis.disconnect();
      await server.stop();
    },
  };
}

async function distrlockOnPostgres(): Promise<OldSystem> {
  const server = await startPostgres();
  const pool = new Pool({ connectionString: server.urls[0]! });
  await pool.query(
    'CREATE TABLE IF NOT EXISTS distributed_locks (lock_key varchar(40) PRIMARY KEY, token uuid, expire_at timestamp)',
  );
  await pool.query(`INSERT INTO distributed_locks (lock_key) VALUES ('${KEY}') ON CONFLICT DO NOTHING`);
  const free = '((expire_at IS NULL OR expire_at < NOW()) OR token = $2)';
  return {
    acquire: async () => {
      const set = `UPDATE distributed_locks SET expire_at = NOW() + '60 s'::interval, token = $2`;
      return (await pool.query(`${set} WHERE lock_key = $1 AND ${free}`, [KEY, TOKEN])).rowCount === 1;
    },
    release: async () => {
      const mine = 'lock_key = $1 AND token = $2 AND expire_at >= NOW()';
      await pool.query(`UPDATE distributed_locks SET expire_at = NULL WHERE ${mine}`, [KEY, TOKEN]);
    },
    close: () => closePostgres(pool, KEY),
    stop: async () => {
      await pool.end();
      await server.stop();
    },
  };
}

async function distrlockOnMariadb(): Promise<OldSystem> {
  const server = await startMariadb();
  const pool = createPool(server.urls[0]!);
  await pool.query(
    'CREATE TABLE IF NOT EXISTS distributed_locks (lock_key VARCHAR(40) PRIMARY KEY, token VARCHAR(36), expire_at BIGINT)',
  );
  await pool.query('INSERT IGNORE distributed_locks (lock_key) VALUES (?)', [KEY]);
  const now = 'UNIX_TIMESTAMP(CURTIME(4)) * 10000';
  const update = async (set: string, where: string, values: string[]): Promise<boolean> => {
    const text = `UPDATE distributed_locks SET ${set} WHERE lock_key = ? AND ${where}`;
    return (await pool.query<ResultSetHeader>(text, values))[0].affectedRows === 1;
  };
  return {
    acquire: () =>
      update(
        'expire_at = UNIX_TIMESTAMP(DATE_ADD(CURTIME(4), INTERVAL 60000000 MICROSECOND)) * 10000, token = ?',
        `((expire_at IS NULL OR expire_at < ${now}) OR token = ?)`,
        [TOKEN, KEY, TOKEN],
      ),
    release: async () =>
      void (await update('expire_at = NULL', `token = ? AND expire_at >= ${now}`, [KEY, TOKEN])),
    close: () => closeMysql(pool, KEY),
    stop: async () => {
      await pool.end();
      await server.stop();
    },
  };
}

export const oldSystems = {
  consul: dlock,
  redis: dlm,
  postgres: distrlockOnPostgres,
  mariadb: distrlockOnMariadb,
} as const;
