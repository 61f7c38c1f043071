/** Taking a key: a free one, or one whose holder's session is over. */
import type { Answer } from '../database.ts';
import type { Claim } from './lock-statements.ts';
import { bigintOf, textOrNone } from './row.ts';
import type { LockRow } from './sight.ts';
import { look } from './sight.ts';
import type { Site } from './site.ts';

/** The key is ours. The checkpoint is as of then. */
export interface Taken {
  readonly token: bigint;
  readonly checkpoint: string | undefined;
}

/** In one round trip, knowing nothing, where the dialect can. Undefined when somebody has the key or our session is over. */
export async function takeUnseen(site: Site, claim: Claim, signal: AbortSignal): Promise<Taken | undefined> {
  if (!site.sql.locks.returning) return undefined;
  return returned(await site.run(site.sql.locks.upsert(claim), signal));
}

/** A key that was seen to be free. Nobody saves a checkpoint under such a key, so what was seen of it is as of the grant. */
export async function takeFree(
  site: Site,
  claim: Claim,
  seen: LockRow | undefined,
  signal: AbortSignal,
): Promise<Taken | undefined> {
  const statement = seen
    ? site.sql.locks.takeFrom(claim, { sessionId: undefined, token: seen.token })
    : site.sql.locks.insert(claim);
  const answer = await site.run(statement, signal);
  return answer.changed === 0 ? undefined : { token: echoed(answer), checkpoint: seen?.checkpoint };
}

/**
 * From a session that was seen to be over. First exactly that session goes, if the database's clock says so at that
 * moment; only once it is seen to be gone, and so for ever, its key is taken, if it still is that session's. Deciding
 * both in one statement is what goes wrong: see {@link LockStatements}.
 */
export async function takeFromDead(
  site: Site,
  claim: Claim,
  seen: { readonly sessionId: string; readonly token: bigint },
  signal: AbortSignal,
): Promise<Taken | undefined> {
  await site.run(site.sql.sessions.deleteExpired(seen.sessionId), signal);
  if ((await site.run(site.sql.sessions.see(seen.sessionId), signal)).rows.length > 0) return undefined;
  const answer = await site.run(site.sql.locks.takeFrom(claim, seen), signal);
  if (site.sql.locks.returning) return returned(answer);
  if (answer.changed === 0) return undefined;
  // The dead one may have saved until then.
  const { lock } = await look(site, claim.key, claim, signal);
  const isOurs = lock?.sessionId === claim.sessionId && lock.claimId === claim.claimId;
  return isOurs ? { token: echoed(answer), checkpoint: lock.checkpoint } : undefined;
}

function returned({ rows: [row] }: Answer): Taken | undefined {
  return row && { token: bigintOf(row, 'token'), checkpoint: textOrNone(row, 'checkpoint') };
}

function echoed({ insertId }: Answer): bigint {
  if (insertId === undefined) throw new TypeError('the database did not give back LAST_INSERT_ID');
  return insertId;
}
