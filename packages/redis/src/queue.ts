/**
 * Who waits for a lock, in the order in which they asked: a sorted set of `<claim> <key of its session>`. A release wakes
 * the first alone, and for a moment nobody else is granted the lock; the second is told to ask when that is over, unless
 * the first has asked a moment ago, and so is there. Who is not there any more is passed over: whose session is gone, or
 * whom no message reached. Lost with all that Redis can lose, it costs time and nothing else: who waits asks again in any
 * case.
 */

/** How long a lock that was given up is kept for who was woken. */
export const RESERVED_MS = 250;

const A_MOMENT_MS = 1000;
const PASSED_OVER_AT_ONCE = 1000;
const SELDOM = 16;
const LOOKED_AT = 64;

/** `now` is in microseconds. Those who crashed while they waited are forgotten, some of them with every sixteenth that comes. */
export const WAIT: string = `
local function wait(base, key, queued, name, member, now)
  if not queued then redis.call('HSET', key, 'queued', '1') end
  local queue = base .. ':queue:' .. name
  if redis.call('ZADD', queue, 'NX', string.format('%.0f', now), member) == 0 then return end
  if now % ${SELDOM} > 0 then return end
  local at = math.floor(now / ${SELDOM}) % 2 ^ (math.floor(now / 1024) % 20)
  for _, other in ipairs(redis.call('ZRANGE', queue, at, at + ${LOOKED_AT - 1})) do
    if redis.call('EXISTS', string.match(other, '^%S* (.*)$')) == 0 then redis.call('ZREM', queue, other) end
  end
end
`;

/** `counted`: how many a message reached tells something, which in a Cluster it does not. Answers whether anybody waits. */
const PASS = `
local function pass(base, key, name, counted)
  local queue = base .. ':queue:' .. name
  for _ = 1, ${PASSED_OVER_AT_ONCE} do
    local line = redis.call('ZRANGE', queue, 0, 1, 'WITHSCORES')
    if not line[1] then return false end
    local claim, session = string.match(line[1], '^(%S*) (.*)$')
    if redis.call('EXISTS', session) == 1 then
      local reached = redis.call('PUBLISH', session, 'n' .. claim)
      if reached > 0 or counted ~= '1' then
        local time = redis.call('TIME')
        local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
        redis.call('HSET', key, 'next', line[1], 'until', string.format('%.0f', now + ${RESERVED_MS}))
        if line[3] and now - tonumber(line[2]) / 1000 > ${A_MOMENT_MS} then
          local second, its = string.match(line[3], '^(%S*) (.*)$')
          redis.call('PUBLISH', its, 's' .. second)
        end
        return true
      end
    end
    redis.call('ZREM', queue, line[1])
  end
  redis.call('PUBLISH', base .. ':news', 'f' .. name)
  return true
end
`;

/**
 * A session's counter moves by that when one of its claims was taken or asked back, and by one when a lock for which
 * somebody waited passes from it: who waits for its locks, and finds it alive and its counter where it was, need ask about
 * none of them.
 */
export const REVOKED_BITS = 40;
export const REVOKED: string = String(2 ** REVOKED_BITS);

/** Only of a session that is there: one that is over would come to life. */
const MOVED: string = `
local function moved(session, by)
  if redis.call('EXISTS', session) == 1 then redis.call('INCRBY', session, by) end
end
`;

/**
 * Frees a lock; it is forgotten after a while unless it has a checkpoint. What may be refused to a user comes first,
 * which is the message. As long as somebody waits it is not forgotten, and its name stays where the sweep finds it.
 */
export const FREE: string = `${PASS}${MOVED}
local function free(base, key, name, holder, checkpoint, queued, retainMs, counted)
  redis.call('PUBLISH', base .. ':changes', 't' .. name)
  redis.call('HDEL', key, 'session', 'claim', 'value', 'asked')
  if queued then
    if holder then moved(holder, 1) end
    if pass(base, key, name, counted) then return end
    redis.call('HDEL', key, 'queued')
  end
  redis.call('SREM', base .. ':held', name)
  if not checkpoint then redis.call('PEXPIRE', key, retainMs) end
end
`;
