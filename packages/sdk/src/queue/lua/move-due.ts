import { defineScript } from '../script.js';

/**
 * Puts entries that are due back into the stream. A member that is no entry goes to the dead-letter stream.
 * KEYS: delayed set, stream, dead-letter stream. ARGV: most entries to move, error context for such members.
 * Returns how many were moved, and ms until the next one is due or -1.
 */
export const moveDueScript = defineScript(`
if redis.call('EXISTS', KEYS[1]) == 0 then return { 0, -1 } end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now), 'LIMIT', 0, ARGV[1])
for _, member in ipairs(due) do
  local ok, entry = pcall(cjson.decode, member)
  if ok and type(entry) == 'table' and type(entry.fields) == 'table' and #entry.fields > 1 then
    redis.call('XADD', KEYS[2], '*', unpack(entry.fields))
  else
    redis.call('XADD', KEYS[3], '*', 'original_message', cjson.encode({ delayed = member }), 'error_context', ARGV[2])
  end
  redis.call('ZREM', KEYS[1], member)
end
local next = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if #next == 0 then return { #due, -1 } end
return { #due, math.max(0, math.floor(tonumber(next[2]) - now)) }
`);
