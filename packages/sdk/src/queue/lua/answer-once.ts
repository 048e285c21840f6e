import { defineScript } from '../script.js';

/**
 * Records an answer unless there is one, and adds the one that stands to the results stream.
 * KEYS: record, stream. ARGV: record's expiry seconds, max length or 0, stream's expiry seconds or 0, answer,
 * further fields of the entry.
 * Returns the entry id, the answer that stands, and 1 where it is the given one.
 */
export const answerOnceScript = defineScript(`
local first = redis.call('SET', KEYS[1], ARGV[4], 'NX', 'EX', ARGV[1])
local answer = ARGV[4]
if not first then answer = redis.call('GET', KEYS[1]) end
local id
if tonumber(ARGV[2]) > 0 then
  id = redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], '*', 'data', answer, unpack(ARGV, 5))
else
  id = redis.call('XADD', KEYS[2], '*', 'data', answer, unpack(ARGV, 5))
end
if tonumber(ARGV[3]) > 0 then redis.call('EXPIRE', KEYS[2], ARGV[3]) end
return { id, answer, first and 1 or 0 }
`);
