import { defineScript } from '../script.js';

/**
 * Adds entries to a stream. KEYS: stream. ARGV: for each entry how many names and values it has, then these.
 * Returns their ids.
 */
export const appendManyScript = defineScript(`
local ids, i = {}, 1
while i <= #ARGV do
  local last = i + tonumber(ARGV[i])
  ids[#ids + 1] = redis.call('XADD', KEYS[1], '*', unpack(ARGV, i + 1, last))
  i = last + 1
end
return ids
`);
