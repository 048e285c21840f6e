import { defineScript } from '../script.js';

/**
 * Reads entries that are still pending for this consumer, and starts their leases anew. Counts a further delivery only
 * where told so; what was deleted meanwhile is no longer pending afterwards.
 * KEYS: stream. ARGV: group, consumer, 1 to count a delivery, entry ids. Returns [id, fields, deliveries] for each.
 */
export const ownEntriesScript = defineScript(`
local entries = {}
for i = 4, #ARGV do
  local mine = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1, ARGV[2])
  if #mine == 1 then
    local found = redis.call('XRANGE', KEYS[1], ARGV[i], ARGV[i])[1]
    if found then
      local deliveries = mine[1][4]
      if ARGV[3] == '1' then deliveries = deliveries + 1 end
      redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'RETRYCOUNT', deliveries, 'JUSTID')
      entries[#entries + 1] = { ARGV[i], found[2], deliveries }
    else
      redis.call('XACK', KEYS[1], ARGV[1], ARGV[i])
    end
  end
end
return entries
`);
