import { defineScript } from '../script.js';

/**
 * Puts the entry of a dead letter back into its stream, then deletes the letter; nothing where the letter is gone.
 * When the copy fails, the script ends there and the letter stays.
 * KEYS: dead-letter stream, stream. ARGV: letter id, fields. Returns the new entry's id or false.
 */
export const replayScript = defineScript(`
if #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) == 0 then return false end
local id = redis.call('XADD', KEYS[2], '*', unpack(ARGV, 2))
redis.call('XDEL', KEYS[1], ARGV[1])
return id
`);
