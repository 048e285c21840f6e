import { defineScript } from '../script.js';

/**
 * Puts entries that are due back into the stream. A member that is no entry, or one of more fields than
 * the stack of Lua takes, stays and is told.
 * KEYS: delayed set, stream. ARGV: most entries to move.
 * Returns how many were moved, ms until the next one is due or -1, and the members that are no entries.
 */
export const moveDueScript = defineScript(`
if redis.call('EXISTS', KEYS[1]) == 0 then return { 0, -1, {} } end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now), 'LIMIT', 0, ARGV[1])
local broken = {}
for _, member in ipairs(due) do
  local ok, entry = pcall(cjson.decode, member)
  if ok and type(entry) == 'table' and type(entry.fields) == 'table' and #entry.fields > 1 and #entry.fields < 7000 then
    redis.call('XADD', KEYS[2], '*', unpack(entry.fields))
    redis.call('ZREM', KEYS[1], member)
  else
    broken[#broken + 1] = member
  end
end
local next = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if #next == 0 then return { #due - #broken, -1, broken } end
return { #due - #broken, math.max(0, math.floor(tonumber(next[2]) - now)), broken }
`);
