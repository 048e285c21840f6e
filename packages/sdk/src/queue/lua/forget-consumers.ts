import { defineScript } from '../script.js';

/**
 * Removes consumers without pending entries: the named one, or every one idle for so long. XGROUP DELCONSUMER
 * destroys pending entries, hence the check in the same script.
 * KEYS: stream. ARGV: group, consumer or '', idle ms. Returns how many went.
 */
export const forgetConsumersScript = defineScript(`
local gone = 0
for _, flat in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local info = {}
  for i = 1, #flat, 2 do info[flat[i]] = flat[i + 1] end
  local wanted = info.name == ARGV[2] or (ARGV[2] == '' and info.idle > tonumber(ARGV[3]))
  if wanted and info.pending == 0 then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], info.name)
    gone = gone + 1
  end
end
return gone
`);
