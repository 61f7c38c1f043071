import type { Store } from '@tenure/core/store';
import { migrate, postgres } from '@tenure/sql/postgres';
import pg from 'pg';
import { startPostgres } from '../servers/postgres.ts';
import type { PostgresServer } from '../servers/postgres.ts';
import type { Venue } from './venue.ts';

const LANES = 12;

export interface PostgresVenue extends Venue {
  /** With two connections more than there are lanes. */
  readonly operator: pg.Pool;
  /** Another client like the thief. */
  readonly accomplice: Store;
}

async function postgresVenue(
  { urls: [url] }: Pick<PostgresServer, 'urls'>,
  stop: () => Promise<void> = async () => {},
): Promise<PostgresVenue> {
  const connectionString = url!;
  await migrate({ url: connectionString });
  const stores: Store[] = [];
  const client = (name: string): Store => {
    const connection = { connectionString, application_name: name };
    const store = postgres({ connection, listen: false, maxConnections: LANES + 1 });
    stores.push(store);
    return store;
  };
  const operator = new pg.Pool({ connectionString, max: LANES + 2, application_name: 'operator' });
  return {
    name: 'PostgreSQL',
    lanes: LANES,
    holder: client('holder'),
    thief: client('thief'),
    accomplice: client('accomplice'),
    operator,
    async expireIn(sessionId, us) {
      await operator.query(
        'UPDATE tenure_sessions SET expires_at = (extract(epoch from clock_timestamp()) * 1000000)::bigint + $2 WHERE id = $1',
        [sessionId, us],
      );
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(stores.map((store) => store.close()));
      await operator.end();
      await stop();
    },
  };
}

export async function ownPostgres(): Promise<PostgresVenue> {
  const server = await startPostgres({ own: true });
  return postgresVenue(server, () => server.stop());
}
