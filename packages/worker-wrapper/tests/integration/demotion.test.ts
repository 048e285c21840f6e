import { afterEach, beforeEach, expect, it } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { type RedisBehindName, startRedisBehindName } from '../../../sdk/tests/support/redis-behind-name.js';
import { benchOn } from '../support/worker.js';

let bench: Awaited<ReturnType<typeof benchOn<RedisBehindName>>>;
beforeEach(async () => {
  bench = await benchOn(await startRedisBehindName());
});
afterEach(() => bench.stop());

it('a turn continues through a failover of its master: it is answered once, and so is the next one', async () => {
  const worker = bench.worker('writes-file');
  await worker.send('mid', 'wait 1500', { task_id: 'task_mid' });
  await waitFor('the agent', async () => (await worker.progress('mid')).length > 0);
  await bench.server.failOver();

  expect(await worker.output('mid')).toMatchObject({ status: 'success', branch: 'task/task_mid/1' });
  await worker.send('next', 'at once', { task_id: 'task_next' });
  expect(await worker.output('next')).toMatchObject({ status: 'success', branch: 'task/task_next/1' });
  await waitFor('both to be acknowledged', async () => (await worker.unacknowledged()) === 0);
  expect((await worker.outputs()).map(({ request_id }) => request_id)).toEqual(['mid', 'next']);
  expect(await bench.repository.git('rev-list', '--count', 'main..task/task_mid/1')).toBe('1');
  const onNext = bench.server.direct(bench.server.next);
  expect(await onNext.xlen('worker:developer:output')).toBe(2);
  const completed = (await worker.lifecycle()).filter(({ event }) => event === 'completed');
  expect(completed.map(({ request_id }) => request_id)).toEqual(['mid', 'next']);
});
