import { defineScript } from '../script.js';

/**
 * Acknowledges and deletes the entries that are still pending for this consumer. Entries mostly end in the order in
 * which they came: one look at what is pending from the first to the last finds nearly all, and the rest singly.
 * KEYS: stream. ARGV: group, consumer, entry ids. Returns 1 or 0 for each id.
 */
export const acknowledgeScript = defineScript(`
local result, mine, found = {}, {}, {}
if #ARGV > 3 then
  local range = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[#ARGV], 2 * #ARGV, ARGV[2])
  for _, pending in ipairs(range) do found[pending[1]] = true end
end
for i = 3, #ARGV do
  if found[ARGV[i]] or #redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1, ARGV[2]) == 1 then
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
