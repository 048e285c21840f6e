import { defineScript } from '../script.js';

/**
 * Copies an entry that is still pending for this consumer to the dead-letter stream, then acknowledges and deletes it.
 * When the copy fails, the script ends there and the entry stays pending.
 * KEYS: stream, dead-letter stream. ARGV: group, consumer, entry id, original message, error context. Returns 1 or 0.
 */
export const deadLetterScript = defineScript(`
local mine = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1, ARGV[2])
if #mine == 0 then return 0 end
redis.call('XADD', KEYS[2], '*', 'original_message', ARGV[4], 'error_context', ARGV[5])
redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
redis.call('XDEL', KEYS[1], ARGV[3])
return 1
`);
