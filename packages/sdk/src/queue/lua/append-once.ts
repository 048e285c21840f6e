import { defineScript } from '../script.js';

/**
 * Adds an entry unless one of the same request was added not long ago.
 * KEYS: stream, what is known of the request. ARGV: ms for which it is known, fields.
 * Returns the entry's id, and 1 where it is new.
 */
export const appendOnceScript = defineScript(`
local before = redis.call('GET', KEYS[2])
if before then return { before, 0 } end
local id = redis.call('XADD', KEYS[1], '*', unpack(ARGV, 2))
redis.call('SET', KEYS[2], id, 'PX', ARGV[1])
return { id, 1 }
`);
