import { defineScript } from '../script.js';

/**
 * Counts a stream as one group sees it; without the group, nothing was delivered yet. What was delivered and still
 * exists is counted up to a limit, beyond which every pending entry counts as existing. XINFO's lag is no help: it is
 * unknown or wrong once entries were deleted.
 * KEYS: stream. ARGV: group, most delivered entries to count.
 * Returns length, waiting, pending, consumers, and the ages in ms of the oldest waiting and pending entry or -1.
 */
export const statsScript = defineScript(`
if redis.call('EXISTS', KEYS[1]) == 0 then return { 0, 0, 0, 0, -1, -1 } end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function age(id) return math.max(0, now - tonumber(string.match(id, '^%d+'))) end
local length = redis.call('XLEN', KEYS[1])
local last, consumers, pending, oldestPending = '0-0', 0, 0, -1
for _, flat in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local info = {}
  for i = 1, #flat, 2 do info[flat[i]] = flat[i + 1] end
  if info.name == ARGV[1] then
    last, consumers = info['last-delivered-id'], info.consumers
    local summary = redis.call('XPENDING', KEYS[1], ARGV[1])
    pending = summary[1]
    if pending > 0 then oldestPending = age(summary[2]) end
  end
end
local delivered = #redis.call('XRANGE', KEYS[1], '-', last, 'COUNT', ARGV[2])
if delivered == tonumber(ARGV[2]) then delivered = pending end
local first = redis.call('XRANGE', KEYS[1], '(' .. last, '+', 'COUNT', 1)[1]
return { length, math.max(0, length - delivered), pending, consumers, first and age(first[1]) or -1, oldestPending }
`);
