/**
 * What is done to a lock, a hash with these fields: `token`, the greatest ever granted; while it is held `session` (the
 * session's key), `claim`, `value`, and `asked` when its holder is to let go; `forced`, the last claim that was taken by
 * force; `checkpoint` with `saver` (its token) and `sequence`. A holder counts while its session's key is there.
 *
 * Keys that a script finds in a lock are in the same slot as that lock, since a namespace has one hash tag. What may be
 * refused to a user comes first, which is the message: a script that is refused has changed nothing.
 */
import { script } from './script.ts';
import type { Script } from './script.ts';

/** Frees the lock `key` of that name; it is forgotten after a while unless it has a checkpoint. */
const FREE = `
local function free(key, held, name, retainMs, channel)
  redis.call('PUBLISH', channel, 'f' .. name)
  redis.call('HDEL', key, 'session', 'claim', 'value', 'asked')
  if redis.call('HEXISTS', key, 'checkpoint') == 0 then redis.call('PEXPIRE', key, retainMs) end
  redis.call('SREM', held, name)
end
`;

/** Changes nothing, and a replica refuses it: that something is over for good is for the primary to say. */
const PRIMARY = `redis.call('HDEL', KEYS[1], '')`;

/**
 * The same claim id is the same grant; the same session is not enough. The token follows the server's clock, so that it
 * rises even when the last one was lost. KEYS: lock, held, where it is written that the claim was given up, own session.
 * ARGV: claim, value, name, channel, and 1 if that claim was granted before, for then it is never granted anew. A repeat
 * writes what is there: since Redis 7.2 `WAIT` waits for nothing else, and replicas may not have the first one's write.
 */
export const claim: Script = script(
  'claim',
  `${PRIMARY}
if redis.call('EXISTS', KEYS[4]) == 0 then return {'gone'} end
local lock = redis.call('HMGET', KEYS[1], 'session', 'claim', 'token', 'value', 'asked', 'checkpoint')
if lock[1] == KEYS[4] and lock[2] == ARGV[1] then
  redis.call('HSET', KEYS[1], 'claim', ARGV[1])
  return {'granted', lock[3], lock[6]}
end
if ARGV[5] == '1' or redis.call('EXISTS', KEYS[3]) == 1 then return {'lost'} end
if lock[1] then
  local left = redis.call('PTTL', lock[1])
  if left ~= -2 then return {'held', lock[3], lock[4], lock[5] or '', left} end
end
redis.call('PUBLISH', ARGV[4], 't' .. ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
if tonumber(lock[3] or '0') < now then
  redis.call('HSET', KEYS[1], 'token', string.format('%.0f', now))
else
  redis.call('HINCRBY', KEYS[1], 'token', 1)
end
redis.call('HSET', KEYS[1], 'session', KEYS[4], 'claim', ARGV[1], 'value', ARGV[2])
redis.call('HDEL', KEYS[1], 'asked')
redis.call('PERSIST', KEYS[1])
redis.call('SADD', KEYS[2], ARGV[3])
return {'granted', redis.call('HGET', KEYS[1], 'token'), lock[6]}
`,
);

/** How long a claim that was given up can still come, by a connection that was given up too. */
const LATE_MS = 3_600_000;

/**
 * KEYS: lock, held, where it is written that the claim was given up. ARGV: session, claim, name, retainMs, channel, and 1
 * if that claim may still come: it is then not granted any more. Answers 1 if that hold was there.
 */
export const release: Script = script(
  'release',
  `${FREE}
if ARGV[6] == '1' then redis.call('SET', KEYS[3], '', 'PX', ${LATE_MS}) end
local lock = redis.call('HMGET', KEYS[1], 'session', 'claim')
if lock[1] ~= ARGV[1] or lock[2] ~= ARGV[2] then return 0 end
free(KEYS[1], KEYS[2], ARGV[3], ARGV[4], ARGV[5])
return 1
`,
);

const STANDING = `${PRIMARY}
if redis.call('EXISTS', KEYS[2]) == 0 then return 'gone' end
local lock = redis.call('HMGET', KEYS[1], 'session', 'claim', 'token', 'saver', 'sequence')
if lock[1] ~= KEYS[2] or lock[2] ~= ARGV[1] or lock[3] ~= ARGV[2] then return 'lost' end
`;

/** KEYS: lock, own session. ARGV: claim, token, value, name, channel. */
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
 * the next renewal hears of it. KEYS: lock, held. ARGV: token, 1 for force, name, retainMs, channel.
 */
export const evict: Script = script(
  'evict',
  `${FREE}
local lock = redis.call('HMGET', KEYS[1], 'session', 'claim', 'token')
if not lock[1] or lock[3] ~= ARGV[1] or redis.call('EXISTS', lock[1]) == 0 then return 0 end
redis.call('PUBLISH', ARGV[5], 'r' .. lock[1])
redis.call('INCR', lock[1])
if ARGV[2] == '1' then
  redis.call('HSET', KEYS[1], 'forced', lock[2])
  free(KEYS[1], KEYS[2], ARGV[3], ARGV[4], ARGV[5])
else
  redis.call('PUBLISH', ARGV[5], 't' .. ARGV[3])
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

/** Frees what sessions that are over have left behind. KEYS: held. ARGV: cursor, what the keys of locks begin with, how many, retainMs, channel. */
export const sweep: Script = script(
  'sweep',
  `${FREE}
local page = redis.call('SSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[3])
for _, name in ipairs(page[2]) do
  local key = ARGV[2] .. name
  local session = redis.call('HGET', key, 'session')
  if not session or redis.call('EXISTS', session) == 0 then free(key, KEYS[1], name, ARGV[4], ARGV[5]) end
end
return page[1]
`,
);

export const FREE_LOCK: string = FREE;
