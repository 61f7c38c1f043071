import type { Holdings } from '@tenure/core/store';
import { bigintOf, textOf, textOrNone } from './row.ts';
import { fateOf } from './sight.ts';
import type { Site } from './site.ts';
import { nameIn, nameOf } from './key-name.ts';

const KEYS_PER_QUERY = 200;

/** Whether what the session was granted still is its own (S13): one question, and one more about what is not. */
export async function lookAtHoldings(
  site: Site,
  sessionId: string,
  holdings: Holdings,
  signal: AbortSignal,
): Promise<void> {
  // What is granted after this is not judged by the answer.
  const judged = holdings.all;
  if (judged.length === 0) return;
  const { rows } = await site.run(site.sql.locks.of(sessionId), signal);
  const found = new Map(rows.map((row) => [textOf(row, 'claim_id'), row]));
  const lost = judged.filter(({ claimId, token }) => {
    const row = found.get(claimId);
    const isOurs = row !== undefined && bigintOf(row, 'token') === token;
    if (isOurs) holdings.judge(claimId, bigintOf(row, 'asked') === 0n ? 'held' : 'evicted');
    return !isOurs;
  });
  for (let i = 0; i < lost.length; i += KEYS_PER_QUERY) {
    const part = lost.slice(i, i + KEYS_PER_QUERY);
    const answer = await site.run(site.sql.locks.fates(part.map(({ key }) => key)), signal);
    const fates = new Map(answer.rows.map((row) => [nameIn(row), { claimId: textOrNone(row, 'claim_id') }]));
    for (const { key, claimId } of part) {
      holdings.judge(claimId, fateOf(fates.get(nameOf(key)), claimId));
    }
  }
}
