import type { Pool } from 'pg';

/** Of nobody: any UUID, as long as every process uses the same one. */
const MOVED = '5eed0000-0000-4000-8000-000000000000';

/** True once distrlock's row is taken for good. False while a distrlock lease holds it. */
export async function closeDoor(pool: Pool, key: string, table = 'distributed_locks'): Promise<boolean> {
  await pool.query(`INSERT INTO "${table}" (lock_key) VALUES ($1) ON CONFLICT (lock_key) DO NOTHING`, [key]);
  const { rowCount } = await pool.query(
    `UPDATE "${table}" SET token = $1, expire_at = 'infinity'
      WHERE lock_key = $2 AND (expire_at IS NULL OR expire_at < NOW() OR token = $1)`,
    [MOVED, key],
  );
  return rowCount === 1;
}
