import { defineScript } from '../script.js';

/**
 * Removes what every group has acknowledged: all before the oldest entry that some group has pending or was not given
 * yet. Where there is no group, nobody has acknowledged anything. Whole nodes first, so that no call takes long.
 * KEYS: stream. Returns how many went; call again until it is 0.
 */
export const trimAcknowledgedScript = defineScript(`
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local groups = redis.call('XINFO', 'GROUPS', KEYS[1])
if #groups == 0 then return 0 end

-- Ids exceed what a Lua number holds exactly: the longer text is the larger number.
local function less(a, b)
  if #a ~= #b then return #a < #b end
  return a < b
end
local function before(a, b)
  local aMs, aSeq = string.match(a, '(%d+)-(%d+)')
  local bMs, bSeq = string.match(b, '(%d+)-(%d+)')
  if aMs ~= bMs then return less(aMs, bMs) end
  return less(aSeq, bSeq)
end

local keepFrom = '18446744073709551615-18446744073709551615'
for _, flat in ipairs(groups) do
  local group = {}
  for i = 1, #flat, 2 do group[flat[i]] = flat[i + 1] end
  local pending = redis.call('XPENDING', KEYS[1], group.name)
  if pending[1] > 0 and before(pending[2], keepFrom) then keepFrom = pending[2] end
  local undelivered = redis.call('XRANGE', KEYS[1], '(' .. group['last-delivered-id'], '+', 'COUNT', 1)[1]
  if undelivered and before(undelivered[1], keepFrom) then keepFrom = undelivered[1] end
end
local gone = redis.call('XTRIM', KEYS[1], 'MINID', '~', keepFrom, 'LIMIT', 10000)
if gone == 0 then gone = redis.call('XTRIM', KEYS[1], 'MINID', '=', keepFrom) end
return gone
`);
