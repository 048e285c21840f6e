import { defineScript } from '../script.js';

/**
 * Starts the leases of entries that are pending for this consumer anew; JUSTID leaves the delivery count alone.
 * Without the owner check XCLAIM would steal an entry back from whoever took it over.
 * KEYS: stream. ARGV: group, consumer, entry ids. Returns 1 or 0 for each id.
 */
export const renewScript = defineScript(`
local result = {}
for i = 3, #ARGV do
  local mine = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1, ARGV[2])
  if #mine == 1 then
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'JUSTID')
    result[#result + 1] = 1
  else
    result[#result + 1] = 0
  end
end
return result
`);
