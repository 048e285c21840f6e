import type { OutboxEntry } from '@codegen/contracts';
import { connectRedis } from '@codegen/sdk/queue';
import { expect, it } from 'vitest';
import { startRedis } from '../../../../tests/support/redis.js';
import { republishLost } from '../../src/jobs/republish-lost.js';

it('a lost message that can never be published holds up no other, and the log names its task', async () => {
  const server = await startRedis();
  const redis = connectRedis(server.url);
  const errors: object[] = [];
  const ignore = () => undefined;
  const logger = { debug: ignore, info: ignore, warn: ignore, error: (bindings: object) => void errors.push(bindings) };
  const entry = (task_id: string, more: object) =>
    ({
      task_id,
      stream: 'engineering:queue',
      message: { request_id: `r-${task_id}`, task_id, project_id: 'proj_1', user_id: 1, ...more },
    }) as unknown as OutboxEntry;
  const noted: string[] = [];
  const api = {
    unstarted: async () => [entry('task_bad', { project_id: { poison: true } }), entry('task_good', {})],
    tasks: { published: async (taskId: string) => void noted.push(taskId) },
  };
  try {
    await republishLost({ api: api as never, redis, logger }, new AbortController().signal);
    expect(noted).toEqual(['task_good']);
    expect(await redis.xlen('engineering:queue')).toBe(1);
    expect(errors).toEqual([
      expect.objectContaining({ task_id: 'task_bad', error: expect.stringContaining('project_id') }),
    ]);
  } finally {
    redis.disconnect();
    await server.stop();
  }
});
