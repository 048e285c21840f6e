import { defineScript } from '../script.js';

/**
 * Counts a lost run of an entry; what is known of a stream's entries expires some time after the last one.
 * KEYS: hash. ARGV: entry id, ms until it expires.
 */
export const noteLostScript = defineScript(`
redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
`);
