import { defineScript } from '../script.js';

/**
 * One page of taking over entries whose lease ran out.
 * After a start of Redis only released entries are claimed: leases ran out meanwhile, and owners who live renew first.
 * KEYS: stream. ARGV: group, consumer, min idle ms, cursor, count, ms after a start, idle ms of released entries.
 * Returns the next cursor, [id, fields, deliveries] for each entry, and the ids that were deleted while pending.
 */
export const claimStaleScript = defineScript(`
local info = redis.pcall('INFO', 'server')
local uptime = type(info) == 'string' and tonumber(string.match(info, 'uptime_in_seconds:(%d+)'))
local idle = ARGV[3]
if uptime and uptime * 1000 < tonumber(ARGV[6]) then idle = ARGV[7] end
local page = redis.call('XAUTOCLAIM', KEYS[1], ARGV[1], ARGV[2], idle, ARGV[4], 'COUNT', ARGV[5])
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
