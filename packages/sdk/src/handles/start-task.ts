import { type CreatedTask, type CreateTask, deployQueue, engineeringQueue, type Task } from '@codegen/contracts';
import { abortable } from '../abortable.js';
import type { Api, CallOptions } from '../api/index.js';
import { isOrchestratorError, OrchestratorError, paste } from '../errors.js';
import type { RedisSession } from '../redis-session.js';
import { messageOf } from '../text/error-text.js';
import { timeLimit } from '../time-limit.js';
import { TaskHandle } from './task-handle.js';

/** Milliseconds that publishing may take; if it fails, the relay publishes. */
const PUBLISH_MS = 2000;

/**
 * Stores a task and, with a Redis URL, publishes its message at once.
 * @throws OrchestratorError if it is aborted while it publishes: the task exists by then and is in `details`
 */
export async function startTask(
  api: Api,
  session: RedisSession,
  body: CreateTask,
  options: CallOptions = {},
): Promise<TaskHandle> {
  return publishedTask(api, session, await api.tasks.create(body, options), options.signal);
}

/**
 * Queues a failed or cancelled task again, as its next attempt, and publishes as `startTask` does.
 * @throws OrchestratorError CONFLICT if the task has not failed or been cancelled, TASK_NOT_FOUND, PROJECT_ARCHIVED
 */
export async function retryTask(
  api: Api,
  session: RedisSession,
  id: string,
  options: CallOptions = {},
): Promise<TaskHandle> {
  return publishedTask(api, session, await api.tasks.retry(id, options), options.signal);
}

async function publishedTask(
  api: Api,
  session: RedisSession,
  created: CreatedTask,
  signal: AbortSignal | undefined,
): Promise<TaskHandle> {
  // A claimed task needs no message any more.
  const publishes = session.hasUrl && created.task.status === 'queued';
  const warning = publishes ? await publishNow(api, session, created, signal) : undefined;
  const warnings = [...(created.warnings ?? []), ...(warning === undefined ? [] : [warning])];
  return new TaskHandle(api, created.task, { ...created, warnings });
}

/** Returns a warning if the message could not be published. The task exists by now, so only an abort may throw. */
async function publishNow(
  api: Api,
  session: RedisSession,
  { task, stream, message }: CreatedTask,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const limit = timeLimit(PUBLISH_MS, signal, () => new Error(`no answer within ${PUBLISH_MS} ms`));
  try {
    const { publish } = await abortable(import('../queue/publish.js'), limit.signal);
    await session.use(async (queue) => {
      // One call per type, because the contract decides the message's type.
      if (task.type === 'engineering') await publish(queue, engineeringQueue, message, { stream });
      else await publish(queue, deployQueue, message, { stream });
    }, limit.signal);
    const { id, request_id } = task;
    await api.tasks.published(id, { request_id }, { signal: limit.signal });
    return undefined;
  } catch (error) {
    if (signal?.aborted) throw startedAlready(task, signal.reason);
    const reason = messageOf(error);
    return `the task is stored, but its message could not be published at once (${reason}); the relay will publish it`;
  } finally {
    limit.release();
  }
}

/** The error for an abort after the task was stored; without it the caller would not know the task's id. */
function startedAlready(task: Task, reason: unknown): OrchestratorError {
  const code = isOrchestratorError(reason) ? reason.code : 'INTERRUPTED';
  const why = messageOf(reason);
  return new OrchestratorError(code, `${why}; ${task.id} has started and goes on`, {
    cause: reason,
    details: task,
    next: [{ command: paste`orchestrator ${task.type} wait ${task.id}`, when: 'to wait for that task' }],
  });
}
