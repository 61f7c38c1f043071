/**
 * What is done to a lock, a hash with these fields: `token`, the greatest ever granted; while it is held `session` (the
 * session's key), `claim`, `value`, and `asked` when its holder is to let go; `queued` while somebody may wait; while it is
 * kept for who was woken `next` and `until` (in ms); `forced`, the last claim that was taken by force; `checkpoint` with `saver` (its token) and
 * `sequence`. A holder counts while its session's key is there.
 *
 * Keys that a script finds in a lock are in the same slot as that lock, since a namespace has one hash tag. What may be
 * refused to a user comes first, which is the message: a script that is refused has changed nothing.
 */
import { FREE, REVOKED, WAIT } from './queue.ts';
import { script } from './script.ts';
import type { Script } from './script.ts';

/** Changes nothing, and a replica refuses it: that something is over for good is for the primary to say. */
const PRIMARY = `redis.call('HDEL', KEYS[1], '')`;

/** Of a lock whose key ends in its name: what everything of its namespace begins with. */
const BASE = `
local function baseOf(key, name) return string.sub(key, 1, -#name - 7) end
`;

/**
 * The same claim id is the same grant; the same session is not enough. The token follows the server's clock, so that it
 * rises even when the last one was lost. KEYS: lock, own session. ARGV: claim, value, name, and 1 if that claim was
 * granted before, for then it is never granted anew. A repeat writes what is there: since Redis 7.2 `WAIT` waits for
 * nothing else, and replicas may not have the first one's write.
 */
export const claim: Script = script(
  'claim',
  `${BASE}${WAIT}
local key, session, claim, name = KEYS[1], KEYS[2], ARGV[1], ARGV[3]
local lives = redis.call('EXISTS', session, session, session .. ':' .. claim)
local lock = redis.call('HMGET', key, 'session', 'claim', 'token', 'value', 'asked', 'checkpoint', 'next', 'until', 'queued')
if lives < 2 then
  ${PRIMARY}
  return {'gone'}
end
if lock[1] == session and lock[2] == claim then
  redis.call('HSET', key, 'claim', claim)
  return {'granted', lock[3], lock[6]}
end
if ARGV[4] == '1' or lives > 2 then
  ${PRIMARY}
  return {'lost'}
end
local base, member = baseOf(key, name), claim .. ' ' .. session
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local reserved = lock[7] and lock[7] ~= ''
if lock[1] then
  local left = redis.call('PTTL', lock[1])
  if left ~= -2 then
    wait(base, key, lock[9], name, member, now)
    return {'held', lock[3], lock[4], lock[5] or '', left, lock[1], redis.call('GET', lock[1])}
  end
elseif reserved and lock[7] ~= member then
  local left = tonumber(lock[8]) - math.floor(now / 1000)
  if left > 0 then
    wait(base, key, lock[9], name, member, now)
    return {'held', '', '', '', left}
  end
end
redis.call('PUBLISH', base .. ':changes', 't' .. name)
local token = string.format('%.0f', now)
if tonumber(lock[3] or '0') >= now then
  redis.call('HINCRBY', key, 'token', 1)
  token = redis.call('HGET', key, 'token')
end
if reserved then
  redis.call('HSET', key, 'session', session, 'claim', claim, 'value', ARGV[2], 'token', token, 'next', '')
else
  redis.call('HSET', key, 'session', session, 'claim', claim, 'value', ARGV[2], 'token', token)
  redis.call('SADD', base .. ':held', name)
  if lock[3] then redis.call('PERSIST', key) end
end
if lock[5] then redis.call('HDEL', key, 'asked') end
if lock[9] then redis.call('ZREM', base .. ':queue:' .. name, member, reserved and lock[7] or member) end
return {'granted', token, lock[6]}
`,
);

/** How long a claim that was given up can still come, by a connection that was given up too. */
const LATE_MS = 3_600_000;

/**
 * A hold, or a place in the queue. KEYS: lock, own session. ARGV: claim, name, retainMs, 1 where messages are counted, 1
 * if that claim may still come: it is then not granted any more; and 1 if it was granted. Answers 1 if that hold was there.
 * Where it was granted and is not there, a person may have deleted it: those who wait have been told by nobody.
 */
export const release: Script = script(
  'release',
  `${BASE}${FREE}
local key, session, claim, name = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
local base = baseOf(key, name)
if ARGV[5] == '1' then redis.call('SET', session .. ':' .. claim, '', 'PX', ${LATE_MS}) end
local lock = redis.call('HMGET', key, 'session', 'claim', 'checkpoint', 'queued', 'next')
if lock[1] ~= session or lock[2] ~= claim then
  local member = claim .. ' ' .. session
  redis.call('ZREM', base .. ':queue:' .. name, member)
  if ARGV[6] == '1' then moved(session, 1) end
  if not lock[1] and (lock[5] == member or ARGV[6] == '1') then
    redis.call('HDEL', key, 'next')
    free(base, key, name, nil, lock[3], '1', ARGV[3], ARGV[4])
  end
  return 0
end
free(base, key, name, session, lock[3], lock[4], ARGV[3], ARGV[4])
return 1
`,
);

const STANDING = `${PRIMARY}
if redis.call('EXISTS', KEYS[2]) == 0 then return 'gone' end
local lock = redis.call('HMGET', KEYS[1], 'session', 'claim', 'token', 'saver', 'sequence')
if lock[1] ~= KEYS[2] or lock[2] ~= ARGV[1] or lock[3] ~= ARGV[2] then return 'lost' end
`;

/** KEYS: lock, own session. ARGV: claim, token, value, name, channel of changes. */
export const announce: Script = script(
  'announce',
  `${STANDING}
redis.call('PUBLISH', ARGV[5], 't' .. ARGV[4])
redis.call('HSET', KEYS[1], 'value', ARGV[3])
return 'done'
`,
);

/** Changes nothing when that sequence, or a later one of the same term, is there. KEYS: lock, own session. ARGV: claim, token, checkpoint, sequence. */
export const save: Script = script(
  'save',
  `${STANDING}
if lock[4] == ARGV[2] and tonumber(lock[5]) >= tonumber(ARGV[4]) then
  redis.call('HSET', KEYS[1], 'saver', ARGV[2])
  return 'done'
end
redis.call('HSET', KEYS[1], 'checkpoint', ARGV[3], 'saver', ARGV[2], 'sequence', ARGV[4])
return 'done'
`,
);

/**
 * Asks the holder with that token to let go, or takes the key from it; its session's counter moves either way, so that
 * the next renewal hears of it. KEYS: lock. ARGV: token, 1 for force, name, retainMs, 1 where messages are counted.
 */
export const evict: Script = script(
  'evict',
  `${BASE}${FREE}
local lock = redis.call('HMGET', KEYS[1], 'session', 'claim', 'token', 'checkpoint', 'queued')
if not lock[1] or lock[3] ~= ARGV[1] or redis.call('EXISTS', lock[1]) == 0 then return 0 end
local base = baseOf(KEYS[1], ARGV[3])
redis.call('PUBLISH', lock[1], 'r')
redis.call('INCRBY', lock[1], '${REVOKED}')
if ARGV[2] == '1' then
  redis.call('HSET', KEYS[1], 'forced', lock[2])
  free(base, KEYS[1], ARGV[3], lock[1], lock[4], lock[5], ARGV[4], ARGV[5])
else
  redis.call('PUBLISH', base .. ':changes', 't' .. ARGV[3])
  redis.call('HSET', KEYS[1], 'asked', '1')
end
return 1
`,
);

/** Who holds a key, and for how long its session has been heard of; of a free one, its last token. KEYS: lock. */
export const holder: Script = script(
  'holder',
  `
local lock = redis.call('HMGET', KEYS[1], 'session', 'token', 'value', 'asked')
local left = lock[1] and redis.call('PTTL', lock[1]) or -2
if left == -2 then return {lock[2] or '0'} end
return {lock[2], lock[3], lock[4] or '', left}
`,
);

/** A page of what is held. KEYS: held. ARGV: cursor, what the keys of locks begin with, what their names begin with, how many. */
export const list: Script = script(
  'list',
  `
local page = redis.call('SSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[4])
local found = {page[1]}
for _, name in ipairs(page[2]) do
  if string.sub(name, 1, #ARGV[3]) == ARGV[3] then
    local lock = redis.call('HMGET', ARGV[2] .. name, 'session', 'token', 'value', 'asked')
    if lock[1] and redis.call('EXISTS', lock[1]) == 1 then
      for _, part in ipairs({name, lock[2], lock[3], lock[4] or ''}) do found[#found + 1] = part end
    end
  end
end
return found
`,
);

/**
 * Frees what sessions that are over have left behind, and wakes who waits for what is free. KEYS: held. ARGV: cursor, what
 * everything of the namespace begins with, how many, retainMs, 1 where messages are counted.
 */
export const sweep: Script = script(
  'sweep',
  `${FREE}
local page = redis.call('SSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[3])
for _, name in ipairs(page[2]) do
  local key = ARGV[2] .. ':lock:' .. name
  local lock = redis.call('HMGET', key, 'session', 'checkpoint', 'queued')
  if not lock[1] or redis.call('EXISTS', lock[1]) == 0 then
    free(ARGV[2], key, name, nil, lock[2], lock[3], ARGV[4], ARGV[5])
  end
end
return page[1]
`,
);
