import { type CreatedTask, type CreateTask, deployQueue, engineeringQueue } from '@codegen/contracts';
import type { Api, CallOptions } from '../api/index.js';
import { TaskHandle } from './task-handle.js';

/** Milliseconds that publishing may take; the relay publishes what this does not. */
const PUBLISH_MS = 2000;

/** Stores a task and, with Redis in reach, publishes its message at once. */
export async function startTask(
  api: Api,
  redisUrl: string | undefined,
  body: CreateTask,
  options: CallOptions = {},
): Promise<TaskHandle> {
  return publishedTask(api, redisUrl, await api.tasks.create(body, options));
}

/**
 * Puts a failed or cancelled task back in line, as its next attempt, and publishes as `startTask` does.
 * @throws OrchestratorError CONFLICT where the task has not failed or been cancelled, TASK_NOT_FOUND, PROJECT_ARCHIVED
 */
export async function retryTask(
  api: Api,
  redisUrl: string | undefined,
  id: string,
  options: CallOptions = {},
): Promise<TaskHandle> {
  return publishedTask(api, redisUrl, await api.tasks.retry(id, options));
}

async function publishedTask(api: Api, redisUrl: string | undefined, created: CreatedTask): Promise<TaskHandle> {
  const warning = redisUrl === undefined ? undefined : await publishNow(api, redisUrl, created);
  return new TaskHandle(api, created.task, warning === undefined ? [] : [warning]);
}

/** Tells why the message could not be published, if so. From here on the task exists, so nothing may throw. */
async function publishNow(api: Api, redisUrl: string, created: CreatedTask): Promise<string | undefined> {
  const { closeRedis, connectRedis, publish } = await import('../queue/index.js');
  let redis: ReturnType<typeof connectRedis> | undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    redis = connectRedis(redisUrl, { name: 'orchestrator-sdk' });
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${PUBLISH_MS} ms`)), PUBLISH_MS);
    });
    const published = publishMessage(redis, created, publish);
    published.catch(() => undefined);
    await Promise.race([published, late]);
    const signal = AbortSignal.timeout(PUBLISH_MS);
    await api.tasks.published(created.task.id, { request_id: created.task.request_id }, { signal });
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `the task is stored, but its message could not be published at once (${reason}); the relay will publish it`;
  } finally {
    clearTimeout(timer);
    if (redis) await closeRedis(redis).catch(() => undefined);
  }
}

async function publishMessage(
  redis: Parameters<typeof import('../queue/index.js').publish>[0],
  { task, stream, message }: CreatedTask,
  publish: typeof import('../queue/index.js').publish,
): Promise<void> {
  // One call a type: the message's type follows from the contract.
  if (task.type === 'engineering') await publish(redis, engineeringQueue, message, { stream });
  else await publish(redis, deployQueue, message, { stream });
}
