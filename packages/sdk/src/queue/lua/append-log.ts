import { defineScript } from '../script.js';

/** Adds to a log, trims it and lets it expire. KEYS: stream. ARGV: max length or 0, expiry seconds or 0, fields. */
export const appendLogScript = defineScript(`
local id
if tonumber(ARGV[1]) > 0 then
  id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', unpack(ARGV, 3))
else
  id = redis.call('XADD', KEYS[1], '*', unpack(ARGV, 3))
end
if tonumber(ARGV[2]) > 0 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
return id
`);
