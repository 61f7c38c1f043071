import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate, sqlite } from '@tenure/sql/sqlite';
import Database from 'libsql';
import type { Venue } from './venue.ts';

/** In one process, where statements exclude each other: they are interleaved, never at the same time. */
export async function ownSqlite(): Promise<Venue> {
  const folder = await mkdtemp(join(tmpdir(), 'tenure-race-'));
  const file = join(folder, 'race.db');
  await migrate({ file });
  const [holder, thief] = [1, 2].map(() => sqlite({ file }));
  const operator = new Database(file, {});
  operator.pragma('busy_timeout = 1000');
  return {
    name: 'SQLite',
    lanes: 4,
    holder: holder!,
    thief: thief!,
    async expireIn(sessionId, us) {
      operator
        .prepare(
          "UPDATE tenure_sessions SET expires_at = CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000 + ? WHERE id = ?",
        )
        .run([us, sessionId]);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([holder!.close(), thief!.close()]);
      operator.close();
      await rm(folder, { recursive: true });
    },
  };
}
