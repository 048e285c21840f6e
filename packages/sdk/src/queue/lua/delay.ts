import { defineScript } from '../script.js';

/**
 * Puts an entry aside until it is due. With a stream, only while the entry is still pending there for this consumer,
 * and takes it out of it.
 * KEYS: delayed set[, stream]. ARGV: delay ms, member[, group, consumer, entry id]. Returns 1 or 0.
 */
export const delayScript = defineScript(`
if KEYS[2] and #redis.call('XPENDING', KEYS[2], ARGV[3], ARGV[5], ARGV[5], 1, ARGV[4]) == 0 then return 0 end
local now = redis.call('TIME')
local due = now[1] * 1000 + math.floor(now[2] / 1000) + tonumber(ARGV[1])
redis.call('ZADD', KEYS[1], string.format('%.0f', due), ARGV[2])
if KEYS[2] then
  redis.call('XACK', KEYS[2], ARGV[3], ARGV[5])
  redis.call('XDEL', KEYS[2], ARGV[5])
end
return 1
`);
