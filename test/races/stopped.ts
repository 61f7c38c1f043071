/** PostgreSQL with one of its processes stopped between a statement's snapshot and the row that the statement waits for. */
import type { Key, StoreSession } from '@tenure/core/store';
import pg from 'pg';
import { naturalSteal } from './natural.ts';
import type { PostgresVenue } from './postgres.ts';
import { claim, nonce, open, renew } from './race.ts';
import type { Steal } from './venue.ts';

/** Long enough for a renewal to get to the row. */
const MOMENT_US = 150_000;

export interface Played {
  readonly renewal: 'renewed' | 'gone';
  readonly stolen: boolean;
}

interface Scene {
  readonly key: Key;
  readonly holder: StoreSession;
}

async function scene(venue: PostgresVenue): Promise<Scene> {
  const key = { namespace: `stopped-${nonce()}`, name: 'key' };
  const holder = await open(venue.holder);
  if (!(await claim(holder, key))) throw new Error('the key is held by somebody already');
  await venue.expireIn(holder.id, MOMENT_US);
  return { key, holder };
}

/** The renewal has its snapshot and waits for its row; it is stopped, the session expires, the steal goes through. */
export async function renewalStopped(venue: PostgresVenue): Promise<Played> {
  const { key, holder } = await scene(venue);
  const thief = await open(venue.thief);
  await using row = await lockedSession(venue, holder.id);
  const renewal = renew(holder);
  const pid = await waiting(venue, 'holder', 'UPDATE');
  process.kill(pid, 'SIGSTOP');
  try {
    await expired(venue, holder.id);
    await row.release();
    const stolen = await claim(thief, key);
    process.kill(pid, 'SIGCONT');
    return { renewal: await renewal, stolen };
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

/** The renewal waits for its row, in time; the steal comes after the expiry and is stopped; the renewal goes through. */
export async function stealStopped(venue: PostgresVenue): Promise<Played> {
  const { key, holder } = await scene(venue);
  const thief = await open(venue.thief);
  await using row = await lockedSession(venue, holder.id);
  const renewing = renew(holder);
  await waiting(venue, 'holder', 'UPDATE');
  await expired(venue, holder.id);
  const stealing = claim(thief, key);
  const pid = await waiting(venue, 'thief', 'DELETE');
  process.kill(pid, 'SIGSTOP');
  try {
    await row.release();
    const renewal = await renewing;
    process.kill(pid, 'SIGCONT');
    return { renewal, stolen: await stealing };
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

/**
 * A thief has seen the dead session go and is stopped at the key's row; meanwhile another, whose session is younger
 * than the first one's snapshot, takes the key. Which of them did.
 */
export async function thiefStopped(venue: PostgresVenue): Promise<readonly [boolean, boolean]> {
  const { key, holder } = await scene(venue);
  const thief = await open(venue.thief);
  await expired(venue, holder.id);
  await using session = await lockedSession(venue, holder.id);
  const stealing = claim(thief, key);
  await waiting(venue, 'thief', 'DELETE');
  await using row = await lockedKey(venue, key);
  await session.release();
  const pid = await waiting(venue, 'thief', 'UPDATE');
  const take = async (): Promise<boolean> => claim(await open(venue.accomplice), key);
  return await overtaken({ pid, stealing, row, take });
}

/** The same for the steal in one statement: it lets both in. */
export async function naturalThiefStopped(venue: PostgresVenue): Promise<readonly [boolean, boolean]> {
  const { key, holder } = await scene(venue);
  const thief = await open(venue.thief);
  await expired(venue, holder.id);
  await using connection = await named(venue, 'natural');
  await using row = await lockedKey(venue, key);
  const stealing = naturalSteal(connection, thief.id)(key);
  const pid = await waiting(venue, 'natural', 'UPDATE');
  const take = async (): Promise<boolean> =>
    naturalSteal(venue.operator, (await open(venue.accomplice)).id)(key);
  return await overtaken({ pid, stealing, row, take });
}

/** The steal in one statement, after the expiry, while the renewal waits that came in time: both succeed. */
export async function naturalSteals(venue: PostgresVenue): Promise<Played> {
  const { key, holder } = await scene(venue);
  const steal: Steal = naturalSteal(venue.operator, (await open(venue.thief)).id);
  await using row = await lockedSession(venue, holder.id);
  const renewing = renew(holder);
  await waiting(venue, 'holder', 'UPDATE');
  await expired(venue, holder.id);
  const stolen = await steal(key);
  await row.release();
  return { renewal: await renewing, stolen };
}

interface Overtaking {
  readonly pid: number;
  readonly stealing: Promise<boolean>;
  readonly row: Locked;
  readonly take: () => Promise<boolean>;
}

/** Stops that process, gives the row free, and lets another take the key meanwhile. */
async function overtaken({ pid, stealing, row, take }: Overtaking): Promise<readonly [boolean, boolean]> {
  process.kill(pid, 'SIGSTOP');
  try {
    await row.release();
    const other = await take();
    process.kill(pid, 'SIGCONT');
    return [await stealing, other];
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

interface Locked extends AsyncDisposable {
  release(): Promise<void>;
}

/** Somebody holds the rows that this finds. */
async function locked({ operator }: PostgresVenue, text: string, values: readonly string[]): Promise<Locked> {
  const client = await operator.connect();
  await client.query('BEGIN');
  await client.query(text, [...values]);
  let held = true;
  const release = async (): Promise<void> => {
    if (!held) return;
    held = false;
    await client.query('COMMIT');
    client.release();
  };
  return { release, [Symbol.asyncDispose]: release };
}

const lockedSession = (venue: PostgresVenue, id: string): Promise<Locked> =>
  locked(venue, 'SELECT FROM tenure_sessions WHERE id = $1 FOR UPDATE', [id]);

const lockedKey = (venue: PostgresVenue, { namespace, name }: Key): Promise<Locked> =>
  locked(venue, 'SELECT FROM tenure_locks WHERE namespace = $1 AND name = $2 FOR UPDATE', [namespace, name]);

/** The process in which such a statement of that client waits for a row. */
async function waiting({ operator }: PostgresVenue, client: string, verb: string): Promise<number> {
  for (;;) {
    const { rows } = await operator.query<{ pid: number }>(
      "SELECT pid FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock' AND query LIKE $2",
      [client, `${verb}%`],
    );
    if (rows[0]) return rows[0].pid;
  }
}

async function expired({ operator }: PostgresVenue, sessionId: string): Promise<void> {
  for (;;) {
    const { rows } = await operator.query(
      'SELECT FROM tenure_sessions WHERE id = $1 AND expires_at > extract(epoch from clock_timestamp()) * 1000000',
      [sessionId],
    );
    if (rows.length === 0) return;
  }
}

async function named({ operator }: PostgresVenue, name: string): Promise<pg.Client & AsyncDisposable> {
  const { connectionString } = operator.options;
  const client = new pg.Client({ connectionString, application_name: name });
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}
