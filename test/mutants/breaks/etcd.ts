import { breaksIn } from '../mutation.ts';
import type { Mutation } from '../mutation.ts';

const one = breaksIn('etcd');

export const etcdBreaks: readonly Mutation[] = [
  one(
    'S1',
    'a late keep-alive answer is taken for the next one',
    'keepalive.ts',
    ['line.stream.abandon();', 'this.#spare = line;'],
    'does not take the late answer to a renewal that was given up for one to the next',
  ),
  one(
    'S1',
    'an adopted lease is called new',
    'store.ts',
    ['adopted },', 'adopted: adopted && false },'],
    'does not call a session new that has spent a part of its TTL already',
  ),
  one(
    'S4',
    'who waits watches from now on, not from what it was told',
    'session.ts',
    ['from: revision + 1n };', 'from: revision * 0n };'],
    'does not keep a claim parked that could have been granted before it parked',
  ),
  one(
    'S5',
    'a lease that is over is taken for one of 0 s',
    'session.ts',
    ['if (ttl > 0n) return ttl;', 'if (ttl >= 0n) return ttl;'],
    'refuses to renew a session that has expired',
  ),
  one(
    'S6',
    'a repeated claim takes another place',
    'claims.ts',
    ["compare: [{ key: own, target: 'Create', result: 'Equal', create_revision: '0' }],", 'compare: [],'],
    'answers the same claim id with the same grant, any number of times',
  ),
  one(
    'S7',
    'who was asked last holds the key',
    'claims.ts',
    ["limit: 1,\n  sort_order: 'Ascend',", "limit: 1,\n  sort_order: 'Descend',"],
    'grants a key to exactly one of many that claim it at once',
  ),
  one(
    'S8',
    'a save does not compare the claim',
    'checkpoint.ts',
    ['compare: holds(paths, token),', 'compare: holds(paths, token).slice(2),'],
    'refuses a save of a past term of the same session, whatever its sequence',
  ),
  one(
    'S8',
    'a save does not look at its sequence',
    'checkpoint.ts',
    ['success: [{ request_txn: { compare: isThere, failure: [put] } }],', 'success: [put],'],
    'does not let a late save undo a newer one of the same term',
  ),
  one(
    'S8',
    'a waiter may write as if it were first',
    'claims.ts',
    ["{ ...candidates, target: 'Create', result: 'Greater', create_revision: String(token - 1n) },", ''],
    'lets a waiter save and announce nothing',
  ),
  one(
    'S13',
    'a key that is gone is not told with the renewal',
    'ledger.ts',
    ['if (claim.token === token) claim.deleted = true;', 'if (claim.token !== token) claim.deleted = true;'],
    'tells of a deletion by an operator by renewal alone',
  ),
  one(
    'S14',
    'the mark of an eviction is not read',
    'ledger.ts',
    ['for (const { claim } of evicted) claim.evicted = true;', ''],
    'tells of an eviction by renewal alone',
  ),
  one(
    'S14',
    'an eviction does not look at the token',
    'evict.ts',
    [
      'if (!holder || BigInt(holder.create_revision) !== token) return false;',
      'if (!holder || token === -1n) return false;',
    ],
    'says no to an eviction whose token is not that of the holder',
  ),
  one(
    'S7',
    'two claims of one key share a request',
    'session.ts',
    ["candidates.key.toString('latin1')", 'String(Math.random() + candidates.key.length)'],
    'never share a token, for one key',
  ),
  one(
    'S6',
    'one that is refused takes the others with it',
    'batch.ts',
    ['isRefused: isRefusedAsBatch', 'isRefused: (error) => isRefusedAsBatch(error) && false'],
    'do not suffer for one that is refused',
  ),
];
