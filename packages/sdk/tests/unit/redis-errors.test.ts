import { expect, test } from 'vitest';
import { asUnavailable, isDemoted, isGroupGone, isRedisAway } from '../../src/queue/redis-errors.js';

const READONLY = "READONLY You can't write against a read only replica.";

test.each([
  [READONLY, 'yes'],
  [`${READONLY} script: db89a15a407a, on @user_script:5.`, 'yes'],
  [`ERR Error running script (call to f_db89): @user_script:5: @user_script: 5: -${READONLY}`, 'yes'],
  ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", 'yes'],
  ['LOADING Redis is loading the dataset in memory', 'yes'],
  ['NOREPLICAS Not enough good replicas to write.', 'perhaps'],
  ['MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist to disk.', 'no'],
  ["OOM command not allowed when used memory > 'maxmemory'.", 'no'],
  ['CLUSTERDOWN The cluster is down', 'no'],
])('%s: a server that cannot serve now, and no master any more: %s', (message, demoted) => {
  expect(isDemoted(new Error(message))).toBe(demoted);
  expect(isRedisAway(new Error(message))).toBe(true);
  expect(asUnavailable(new Error(message), 'testing')).toMatchObject({ code: 'REDIS_UNAVAILABLE', retryable: true });
});

test('what a caller did wrong is no demotion, whatever text it quotes', () => {
  const error = new Error("ERR unknown command 'READONLY x', with args beginning with: 'READONLY You' ");
  expect([isDemoted(error), isRedisAway(error)]).toEqual(['no', false]);
});

test('a wait that ends as its server became a replica does not mean that the group is gone', () => {
  const moved = new Error(
    'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)',
  );
  expect([isGroupGone(moved), isRedisAway(moved)]).toEqual([false, true]);
  expect(isGroupGone(new Error('UNBLOCKED the stream key no longer exists'))).toBe(true);
});
