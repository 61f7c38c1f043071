import { migrate, mysql } from '@tenure/sql/mysql';
import { createPool } from 'mysql2/promise';
import { startMariadb } from '../servers/mariadb.ts';
import type { Venue } from './venue.ts';

const LANES = 12;

export async function ownMariadb(): Promise<Venue> {
  const server = await startMariadb({ own: true });
  const url = server.urls[0]!;
  await migrate({ url });
  const [holder, thief] = [1, 2].map(() => mysql({ url, maxConnections: LANES + 1 }));
  const operator = createPool({ uri: url, connectionLimit: LANES });
  return {
    name: 'MariaDB',
    lanes: LANES,
    holder: holder!,
    thief: thief!,
    async expireIn(sessionId, us) {
      await operator.execute(
        "UPDATE tenure_sessions SET expires_at = TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) + ? WHERE id = ?",
        [us, sessionId],
      );
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([holder!.close(), thief!.close(), operator.end()]);
      await server.stop();
    },
  };
}
