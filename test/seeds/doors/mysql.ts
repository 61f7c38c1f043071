import type { Pool, ResultSetHeader } from 'mysql2/promise';

/** Of nobody: any UUID, as long as every process uses the same one. */
const MOVED = '5eed0000-0000-4000-8000-000000000000';

/** True once distrlock's row is taken for good. False while a distrlock lease holds it. */
export async function closeDoor(pool: Pool, key: string, table = 'distributed_locks'): Promise<boolean> {
  await pool.query(`INSERT IGNORE \`${table}\` (lock_key) VALUES (?)`, [key]);
  // affectedRows counts rows that were found, unless the pool says flags: ['-FOUND_ROWS'].
  const [{ affectedRows }] = await pool.query<ResultSetHeader>(
    `UPDATE \`${table}\` SET token = ?, expire_at = 9223372036854775807
      WHERE lock_key = ? AND (expire_at IS NULL OR expire_at < UNIX_TIMESTAMP(CURTIME(4)) * 10000 OR token = ?)`,
    [MOVED, key, MOVED],
  );
  return affectedRows === 1;
}
