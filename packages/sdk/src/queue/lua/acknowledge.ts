import { defineScript } from '../script.js';

/**
 * Acknowledges and deletes the entries that are still pending for this consumer.
 * KEYS: stream. ARGV: group, consumer, entry ids. Returns 1 or 0 for each id.
 */
export const acknowledgeScript = defineScript(`
local result, mine = {}, {}
for i = 3, #ARGV do
  if #redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1, ARGV[2]) == 1 then
    mine[#mine + 1] = ARGV[i]
    result[#result + 1] = 1
  else
    result[#result + 1] = 0
  end
end
for i = 1, #mine, 1000 do
  local last = math.min(i + 999, #mine)
  redis.call('XACK', KEYS[1], ARGV[1], unpack(mine, i, last))
  redis.call('XDEL', KEYS[1], unpack(mine, i, last))
end
return result
`);
