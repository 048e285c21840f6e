import { defineScript } from '../script.js';

/**
 * Takes an entry that is still pending for this consumer out of the stream and puts it aside until it is due.
 * KEYS: stream, delayed set. ARGV: group, consumer, entry id, delay ms, member. Returns 1 or 0.
 */
export const delayScript = defineScript(`
local mine = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1, ARGV[2])
if #mine == 0 then return 0 end
local now = redis.call('TIME')
local due = now[1] * 1000 + math.floor(now[2] / 1000) + tonumber(ARGV[4])
redis.call('ZADD', KEYS[2], string.format('%.0f', due), ARGV[5])
redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
redis.call('XDEL', KEYS[1], ARGV[3])
return 1
`);
