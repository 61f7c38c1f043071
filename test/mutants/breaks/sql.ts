import { breaksIn } from '../mutation.ts';
import type { Mutation } from '../mutation.ts';

const one = breaksIn('sql');

export const sqlBreaks: readonly Mutation[] = [
  one(
    'S1',
    'an adopted session is called new',
    'lease/opening.ts',
    ['return { id, ttlMs, adopted };', 'return { id, ttlMs, adopted: false };'],
    'does not call a session new that has spent a part of its TTL already',
  ),
  one(
    'S4',
    'a session that is over may still claim what is free',
    'lease/claim-statements.ts',
    ['`s.id = ? AND s.expires_at > ${nowUs}`', '`s.id = ?`'],
    'never grants a key to a waiter whose session has expired',
  ),
  one(
    'S4',
    'a release tells nobody',
    'lease/freeing.ts',
    ['if (changed > 0) await site', 'if (changed < 0) await site'],
    'wakes a parked claim when the holder releases',
  ),
  one(
    'S5',
    'a session that is over can be renewed',
    'lease/session-statements.ts',
    ['`WHERE id = ? AND expires_at > ${nowUs}${returning ?', '`WHERE id = ?${returning ?'],
    'refuse to renew a session that has expired, although nobody has taken anything from it',
  ),
  one(
    'S6',
    'a claim that was taken away is granted anew when it is repeated',
    'lease/claims.ts',
    ['= wasGranted ? NOTHING : await', '= await'],
    'is not done for a claim that was granted and has been taken: that one is lost',
  ),
  one(
    'S7',
    'the token of a free key is the clock and nothing else',
    'on-conflict.ts',
    ["token = ${greatest('l.token + 1', nowUs)}", 'token = ${nowUs}'],
    'grant higher tokens also after the database',
  ),
  one(
    'S7',
    'the token of a stolen key is the clock and nothing else',
    'lease/lock-statements.ts',
    ["this.#dialect.greatest('token + 1', this.#dialect.nowUs)", 'this.#dialect.nowUs'],
    'grant higher tokens also after the database',
  ),
  {
    package: 'sql',
    rule: 'S7',
    what: 'a steal decides by a sub-select on the sessions',
    file: 'lease/taking.ts',
    edits: [
      ['await site.run(site.sql.sessions.deleteExpired(seen.sessionId), signal);', ''],
      [
        'if ((await site.run(site.sql.sessions.see(seen.sessionId), signal)).rows.length > 0) return undefined;',
        '',
      ],
      [
        'AND token = ? AND session_id = ? AND ${this.#lives}` +',
        'AND token = ? AND (session_id = ? OR NOT EXISTS (SELECT 1 FROM ${this.#sessions} AS d WHERE d.id = session_id AND d.expires_at > ${this.#dialect.nowUs})) AND ${this.#lives}` +',
        'lease/lock-statements.ts',
      ],
    ],
    by: 'leaves it',
  },
  one(
    'S7',
    'a key is taken from a session that has been renewed since',
    'lease/taking.ts',
    ['.rows.length > 0) return undefined;', '.rows.length < 0) return undefined;'],
    'leaves it alone when the holder has renewed since it was seen to be over',
  ),
  one(
    'S8',
    'a release does not compare the claim',
    'lease/release-statements.ts',
    ["AND session_id = ? AND claim_id = ?';", "AND session_id = ? AND (claim_id = ? OR TRUE)';"],
    'does not let a late release of an old claim touch a newer one of the same session',
  ),
  {
    package: 'sql',
    rule: 'S8',
    what: 'a release among others does not compare the claim',
    file: 'lease/release-statements.ts',
    edits: [
      [' AND l.claim_id = r.k2 `', ' `'],
      [
        "'(namespace = ? AND name = ? AND claim_id = ?)'",
        "'(namespace = ? AND name = ? AND (claim_id = ? OR TRUE))'",
      ],
    ],
    by: 'do not touch a newer one, also among others',
  },
  one(
    'S6',
    'a release does not wait for what its claim was sent with',
    'lease/claims.ts',
    ['await settled(this.#requests.underWay(claimId), signal);', ''],
    'its release waits until it cannot come after it',
  ),
  one(
    'S5',
    'one claim that the database refuses takes the others with it',
    'lease/freeing.ts',
    ['error instanceof InvalidArgumentError || error instanceof AccessDeniedError', 'error === undefined'],
    'one that the database refuses does not take the others with it',
  ),
  one(
    'S7',
    'rows of several claims are locked in any order',
    'lease/claim-statements.ts',
    ['\'r.k0 COLLATE "C", r.k1 COLLATE "C"\'', "'random()'"],
    'lock their rows in the order of their keys',
  ),
  one(
    'S8',
    'a save compares the session only',
    'lease/lock-statements.ts',
    [
      "AND claim_id = ? AND token = ? AND ${this.#lives} ` +\n      'AND (checkpoint_token",
      "AND (claim_id = ? OR token = ? OR TRUE) AND ${this.#lives} ` +\n      'AND (checkpoint_token",
    ],
    'refuses a save of a past term of the same session, whatever its sequence',
  ),
  one(
    'S8',
    'a save does not look at its sequence',
    'lease/lock-statements.ts',
    ['OR checkpoint_sequence < ?)', 'OR checkpoint_sequence <> ?)'],
    'does not let a late save undo a newer one of the same term',
  ),
  one(
    'S13',
    'the counter of a session that was robbed is not looked at',
    'lease/session.ts',
    ['if (revoked !== this.#revoked || ', 'if ('],
    'keep an announcement that comes between the look and the request to let go',
  ),
  one(
    'S13',
    'what an operator deletes is never looked for',
    'lease/session.ts',
    [' || this.#renewalsSinceLook >= RENEWALS_PER_LOOK) {', ') {'],
    'tells of a deletion by an operator by renewal alone',
  ),
  one(
    'S14',
    'the mark of an eviction is not read',
    'lease/inspection.ts',
    [
      "bigintOf(row, 'asked') === 0n ? 'held' : 'evicted'",
      "bigintOf(row, 'asked') < 0n ? 'evicted' : 'held'",
    ],
    'asks the holder to let go, tells it with each renewal',
  ),
  one(
    'S14',
    'an eviction does not look at the token',
    'lease/eviction.ts',
    ['row?.sessionId !== undefined && row.token === token', 'row?.sessionId !== undefined && token > 0n'],
    'says no to an eviction whose token is not that of the holder',
  ),
];
