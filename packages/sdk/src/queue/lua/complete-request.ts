import { defineScript } from '../script.js';

/**
 * Records that a request was completed, and acknowledges and deletes its entry, while that is pending for this consumer.
 * KEYS: stream, record. ARGV: group, consumer, entry id, ms for which it is recorded. Returns 1 or 0.
 */
export const completeRequestScript = defineScript(`
if #redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1, ARGV[2]) == 0 then return 0 end
redis.call('SET', KEYS[2], 'done', 'PX', ARGV[4])
redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
redis.call('XDEL', KEYS[1], ARGV[3])
return 1
`);
