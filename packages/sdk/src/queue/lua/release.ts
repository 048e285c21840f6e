import { defineScript } from '../script.js';

/**
 * Gives entries that are pending for this consumer back to the peers: a very long idle time, and one delivery less, so
 * that who takes them over does not count as following a crash.
 * KEYS: stream. ARGV: group, consumer, idle ms, entry ids. Returns 1 or 0 for each id.
 */
export const releaseScript = defineScript(`
local result = {}
for i = 4, #ARGV do
  local mine = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1, ARGV[2])
  if #mine == 1 then
    local deliveries = math.max(0, mine[1][4] - 1)
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'IDLE', ARGV[3], 'RETRYCOUNT', deliveries, 'JUSTID')
    result[#result + 1] = 1
  else
    result[#result + 1] = 0
  end
end
return result
`);
