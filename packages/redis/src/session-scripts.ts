/** What is done to a session: a key that expires, with a counter that moves with its claims. */
import { FREE } from './queue.ts';
import { script } from './script.ts';
import type { Script } from './script.ts';

/** KEYS: session. ARGV: ttlMs. Answers 1 if it was there already. */
export const open: Script = script(
  'open',
  `
if redis.call('SET', KEYS[1], '0', 'PX', ARGV[1], 'NX') then return 0 end
return 1
`,
);

/** KEYS: session. ARGV: ttlMs. Answers the counter, or nothing when the session is over. */
export const renew: Script = script(
  'renew',
  `
if redis.call('PEXPIRE', KEYS[1], ARGV[1]) == 0 then return false end
return redis.call('GET', KEYS[1])
`,
);

/**
 * For how long each lock's holder has been heard of; -2 where it is not that holder any more, or dead. Then of each
 * session how long it has been heard of, and its counter. Publishes `ARGV[1]` on the channel `ARGV[2]` if there is any.
 * KEYS: locks, then sessions. ARGV: those two, then the holders' tokens.
 */
export const waiting: Script = script(
  'waiting',
  `
if ARGV[1] ~= '' then redis.call('PUBLISH', ARGV[2], ARGV[1]) end
local found = {}
for i, key in ipairs(KEYS) do
  local token = ARGV[i + 2]
  if token then
    local lock = redis.call('HMGET', key, 'session', 'token')
    found[i] = lock[1] and lock[2] == token and redis.call('PTTL', lock[1]) or -2
  else
    found[#found + 1] = redis.call('PTTL', key)
    found[#found + 1] = redis.call('GET', key) or ''
  end
end
return found
`,
);

/** What has become of claims that were granted. KEYS: session, then their locks. ARGV: their claim ids, then as many tokens. */
export const look: Script = script(
  'look',
  `
local fates = {}
local count = #KEYS - 1
for i = 1, count do
  local lock = redis.call('HMGET', KEYS[i + 1], 'session', 'claim', 'token', 'asked', 'forced')
  local fate = 'deleted'
  if lock[1] == KEYS[1] and lock[2] == ARGV[i] and lock[3] == ARGV[count + i] then
    fate = lock[4] and 'evicted' or 'held'
  elseif lock[5] == ARGV[i] then
    fate = 'forced'
  elseif lock[1] then
    fate = 'superseded'
  end
  fates[i] = fate
end
return fates
`,
);

/**
 * Frees those locks that are this session's. KEYS: session, then locks. ARGV: what everything of their namespace begins
 * with, retainMs, 1 where messages are counted, then the locks' names.
 */
export const freeAll: Script = script(
  'freeAll',
  `${FREE}
for i = 2, #KEYS do
  local lock = redis.call('HMGET', KEYS[i], 'session', 'checkpoint', 'queued')
  if lock[1] == KEYS[1] then free(ARGV[1], KEYS[i], ARGV[i + 2], KEYS[1], lock[2], lock[3], ARGV[2], ARGV[3]) end
end
return 1
`,
);

const TELL_END = `
local function tell(session, base)
  redis.call('PUBLISH', base .. ':news', 'e' .. session)
  redis.call('PUBLISH', base .. ':changes', 'e')
end
`;

/** KEYS: session. ARGV: what everything of its namespace begins with. What it held is free from then on, whatever the locks say. */
export const end: Script = script(
  'end',
  `${TELL_END}
tell(KEYS[1], ARGV[1])
return redis.call('DEL', KEYS[1])
`,
);

/** Ends the session of the holder with that token. KEYS: lock. ARGV: token, what everything of its namespace begins with. */
export const endHolder: Script = script(
  'endHolder',
  `${TELL_END}
local lock = redis.call('HMGET', KEYS[1], 'session', 'token')
if not lock[1] or lock[2] ~= ARGV[1] or redis.call('EXISTS', lock[1]) == 0 then return 0 end
tell(lock[1], ARGV[2])
return redis.call('DEL', lock[1])
`,
);
