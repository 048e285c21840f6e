import type { Task } from '@codegen/contracts';
import type { Api, CallOptions } from '../api/index.js';
import type { RedisSession } from '../redis-session.js';
import { startTask } from './start-task.js';
import type { TaskHandle } from './task-handle.js';

/** A deploy of a project's main branch. */
export interface DeployOrder {
  /** Id or name. */
  project: string;
  /** Deploy even if no engineering task has built anything yet. */
  anyway?: boolean | undefined;
  correlationId?: string | undefined;
  /** Stream for progress events, for readers of Redis. */
  callbackStream?: string | undefined;
}

/** Starts a deploy task. @throws OrchestratorError NOTHING_TO_DEPLOY, NOT_BUILT, PROJECT_NOT_FOUND, PROJECT_ARCHIVED */
export function startDeploy(
  api: Api,
  session: RedisSession,
  order: DeployOrder,
  options?: CallOptions,
): Promise<TaskHandle> {
  return startTask(api, session, body(order), options);
}

/** Lets the server check the order; stores nothing. Returns the task as it would be. */
export async function checkDeploy(api: Api, order: DeployOrder, options?: CallOptions): Promise<Task> {
  return (await api.tasks.create({ ...body(order), dry_run: true }, options)).task;
}

function body({ project, anyway, correlationId, callbackStream }: DeployOrder) {
  return {
    project,
    type: 'deploy' as const,
    ...(anyway !== undefined && { anyway }),
    ...(correlationId !== undefined && { correlation_id: correlationId }),
    ...(callbackStream !== undefined && { callback_stream: callbackStream }),
  };
}
