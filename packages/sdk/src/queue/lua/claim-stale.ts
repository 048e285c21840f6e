import { defineScript } from '../script.js';

/**
 * One page of taking over entries whose lease ran out.
 * KEYS: stream. ARGV: group, consumer, min idle ms, cursor, count.
 * Returns the next cursor, [id, fields, deliveries] for each entry, and the ids that were deleted while pending.
 */
export const claimStaleScript = defineScript(`
local page = redis.call('XAUTOCLAIM', KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4], 'COUNT', ARGV[5])
local entries = {}
for _, entry in ipairs(page[2]) do
  if entry and entry[2] then
    local pending = redis.call('XPENDING', KEYS[1], ARGV[1], entry[1], entry[1], 1)
    local deliveries = 1
    if #pending == 1 then deliveries = pending[1][4] end
    entries[#entries + 1] = { entry[1], entry[2], deliveries }
  end
end
return { page[1], entries, page[3] or {} }
`);
