import { breaksIn } from '../mutation.ts';
import type { Mutation } from '../mutation.ts';

const one = breaksIn('redis');

export const redisBreaks: readonly Mutation[] = [
  one(
    'S1',
    'an adopted session is called new',
    'store.ts',
    ["adopted: there === '1',", "adopted: there === '2',"],
    'does not call a session new that has spent a part of its TTL already',
  ),
  one(
    'S4',
    'a session that is over may still claim',
    'claim-scripts.ts',
    ["if redis.call('EXISTS', KEYS[4]) == 0 then return {'gone'} end", ''],
    'never grants a key to a waiter whose session has expired',
  ),
  one(
    'S4',
    'a release tells nobody',
    'claim-scripts.ts',
    ["redis.call('PUBLISH', channel, 'f' .. name)", ''],
    'wakes a parked claim when the holder releases',
  ),
  one(
    'S6',
    'a claim that was taken away is granted anew when it is repeated',
    'claim-scripts.ts',
    ["if ARGV[5] == '1' or redis.call('EXISTS', KEYS[3]) == 1", "if redis.call('EXISTS', KEYS[3]) == 1"],
    'grant nothing anew to a claim that was taken away',
  ),
  one(
    'S6',
    'a claim that was given up is granted when it comes late',
    'claim-scripts.ts',
    ["if ARGV[6] == '1' then redis.call('SET', KEYS[3], '', 'PX', ${LATE_MS}) end", ''],
    'by a connection that was given up too, is not granted any more',
  ),
  one(
    'S6',
    'the same session is enough for the same grant',
    'claim-scripts.ts',
    ['if lock[1] == KEYS[4] and lock[2] == ARGV[1] then', 'if lock[1] == KEYS[4] then'],
    'holds off another claim id of the same session',
  ),
  one(
    'S7',
    "the token is the server's clock and nothing else",
    'claim-scripts.ts',
    ["if tonumber(lock[3] or '0') < now then", 'if now then'],
    'give a greater token after the lock was deleted',
  ),
  one(
    'S8',
    'a release does not compare the claim',
    'claim-scripts.ts',
    [
      'if lock[1] ~= ARGV[1] or lock[2] ~= ARGV[2] then return 0 end',
      'if lock[1] ~= ARGV[1] then return 0 end',
    ],
    'does not let a late release of an old claim touch a newer one of the same session',
  ),
  one(
    'S8',
    'what is written compares the session only',
    'claim-scripts.ts',
    ['if lock[1] ~= KEYS[2] or lock[2] ~= ARGV[1] or lock[3] ~= ARGV[2] then', 'if lock[1] ~= KEYS[2] then'],
    'refuses a save of a past term of the same session, whatever its sequence',
  ),
  one(
    'S8',
    'a save does not look at its sequence',
    'claim-scripts.ts',
    ['if lock[4] == ARGV[2] and tonumber(lock[5]) >= tonumber(ARGV[4]) then', 'if false then'],
    'does not let a late save undo a newer one of the same term',
  ),
  one(
    'S13',
    'the counter of a session that was robbed is not looked at',
    'session.ts',
    ['if (revoked !== this.#revoked || ', 'if ('],
    'are not needed to learn of an eviction: the next renewal tells',
  ),
  one(
    'S13',
    'what an operator deletes is never looked for',
    'session.ts',
    [' || this.#renewalsSinceLook >= RENEWALS_PER_LOOK) {', ') {'],
    'tells of a deletion by an operator by renewal alone',
  ),
  one(
    'S14',
    'the mark of an eviction is not read',
    'session-scripts.ts',
    ["fate = lock[4] and 'evicted' or 'held'", "fate = 'held'"],
    'asks the holder to let go, tells it with each renewal',
  ),
  one(
    'S14',
    'an eviction does not look at the token',
    'claim-scripts.ts',
    ["if not lock[1] or lock[3] ~= ARGV[1] or redis.call('EXISTS'", "if not lock[1] or redis.call('EXISTS'"],
    'says no to an eviction whose token is not that of the holder',
  ),
  one(
    'waiting',
    'a connection for news that brings nothing is trusted',
    'session.ts',
    ["hearing === 'silent' ? newsroom.heard(namespace, signal) : undefined", 'undefined'],
    'whose connection brings nothing any more are found out',
  ),
];
