import { defineScript } from '../script.js';

/**
 * Removes what is older than some age, by the server's clock, and the oldest beyond some number. Whole nodes first, so
 * that no call takes long.
 * KEYS: stream. ARGV: age ms, number. Returns how many went; call again until it is 0.
 */
export const trimOlderScript = defineScript(`
local time = redis.call('TIME')
local oldest = math.max(0, time[1] * 1000 + math.floor(time[2] / 1000) - tonumber(ARGV[1]))
local gone = 0
for _, limit in ipairs({ { 'MINID', string.format('%.0f', oldest) }, { 'MAXLEN', ARGV[2] } }) do
  local some = redis.call('XTRIM', KEYS[1], limit[1], '~', limit[2], 'LIMIT', 10000)
  if some == 0 then some = redis.call('XTRIM', KEYS[1], limit[1], '=', limit[2]) end
  gone = gone + some
end
return gone
`);
