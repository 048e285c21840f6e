import { defineScript } from '../script.js';

/**
 * Notes which entry a request is handled by, unless it was completed or another entry has begun it.
 * KEYS: record. ARGV: the entry, ms for which it is noted, an entry that is known to have ended or ''.
 * Returns '' where it has begun, else what stands there: 'done' or the other entry.
 */
export const beginRequestScript = defineScript(`
local standing = redis.call('GET', KEYS[1])
if standing and standing ~= ARGV[1] and standing ~= ARGV[3] then return standing end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ''
`);
