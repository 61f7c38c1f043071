/** Taking keys: those that nobody has, or one whose holder's session is over. */
import type { Answer, Row } from '../database.ts';
import type { Claim } from './lock-statements.ts';
import { bigintOf, remainingMs, textOf, textOrNone } from './row.ts';
import { lockOf, look } from './sight.ts';
import type { Sight } from './sight.ts';
import type { Site } from './site.ts';

/** The key is ours. The checkpoint is as of then. */
export interface Taken {
  readonly token: bigint;
  readonly checkpoint: string | undefined;
}

/** What came of asking for a key. */
export interface Attempt {
  readonly taken?: Taken | undefined;
  /** What was seen at the same time, if that was asked. A lock that is seen free, and was not taken, somebody else is taking. */
  readonly sight?: Sight;
}

/** Takes the key if it is free, and waits for nobody; tells in the same statement who has it otherwise. */
export async function contend(site: Site, claim: Claim, signal: AbortSignal): Promise<Attempt> {
  const { rows } = await site.run(site.sql.claims.contend(claim), signal);
  const [row] = rows;
  // Nothing is known of that key any more.
  if (!row) return { taken: await takeUnseen(site, claim, signal) };
  if (bigintOf(row, 'taken') !== 0n) return { taken: takenOf(row) };
  return { sight: { lock: lockOf(row), ownRemainingMs: remainingMs(row, 'own_us') } };
}

/** Knowing nothing, in one statement. Undefined when somebody has the key or our session is over. */
export async function takeUnseen(site: Site, claim: Claim, signal: AbortSignal): Promise<Taken | undefined> {
  const answer = await site.run(site.sql.claims.one(claim), signal);
  if (site.sql.locks.returning) return returned(answer);
  const token = echoed(answer);
  if (token === 0n) return undefined;
  return token > 0n ? { token, checkpoint: undefined } : ours(site, claim, -token, signal);
}

/** {@link takeUnseen} for each of them, as one transaction and with as few statements as can be. */
export async function takeAllUnseen(
  site: Site,
  claims: readonly Claim[],
  signal: AbortSignal,
): Promise<readonly (Taken | undefined)[]> {
  const { sql, database } = site;
  if (database.runTogether) {
    const answers = await site.runTogether(
      claims.map((claim) => sql.claims.one(claim)),
      signal,
    );
    return answers.map(returned);
  }
  const { rows, changed } = await site.run(sql.claims.many(claims), signal);
  const taken =
    sql.locks.returning || changed === 0 ? rows : (await site.run(sql.claims.ours(claims), signal)).rows;
  const byClaim = new Map(taken.map((row) => [textOf(row, 'claim_id'), takenOf(row)]));
  return claims.map(({ claimId }) => byClaim.get(claimId));
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
  // The dead one may have saved until then.
  return answer.changed === 0 ? undefined : ours(site, claim, echoed(answer), signal);
}

/** What is left there by others cannot change once the key is ours. */
async function ours(
  site: Site,
  claim: Claim,
  token: bigint,
  signal: AbortSignal,
): Promise<Taken | undefined> {
  const { lock } = await look(site, claim.key, claim, signal);
  const isOurs = lock?.sessionId === claim.sessionId && lock.claimId === claim.claimId;
  return isOurs ? { token, checkpoint: lock.checkpoint } : undefined;
}

const takenOf = (row: Row): Taken => ({
  token: bigintOf(row, 'token'),
  checkpoint: textOrNone(row, 'checkpoint'),
});

const returned = ({ rows: [row] }: Answer): Taken | undefined => row && takenOf(row);

function echoed({ insertId }: Answer): bigint {
  if (insertId === undefined) throw new TypeError('the database did not give back LAST_INSERT_ID');
  return insertId;
}
