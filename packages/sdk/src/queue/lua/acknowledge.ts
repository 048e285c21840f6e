import { defineScript } from '../script.js';

/**
 * Acknowledges and deletes the entries that are still pending for this consumer.
 * KEYS: stream. ARGV: group, consumer, entry ids. Returns 1 or 0 for each id.
 */
export const acknowledgeScript = defineScript(`
local result = {}
for i = 3, #ARGV do
  local mine = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1, ARGV[2])
  if #mine == 1 then
    redis.call('XACK', KEYS[1], ARGV[1], ARGV[i])
    redis.call('XDEL', KEYS[1], ARGV[i])
    result[#result + 1] = 1
  else
    result[#result + 1] = 0
  end
end
return result
`);
