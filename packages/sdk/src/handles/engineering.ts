import type { Task } from '@codegen/contracts';
import type { Api, CallOptions } from '../api/index.js';
import type { RedisSession } from '../redis-session.js';
import { checkSpec } from './check-spec.js';
import { startTask } from './start-task.js';
import type { TaskHandle } from './task-handle.js';

/** Work for the engineering department. */
export interface EngineeringOrder {
  /** Id or name. */
  project: string;
  /** What to build, up to 1 MiB of UTF-8; kept byte for byte. */
  spec: string;
  correlationId?: string | undefined;
  /** Stream for progress events, for readers of Redis. */
  callbackStream?: string | undefined;
}

/** Starts an engineering task. @throws OrchestratorError SPEC_EMPTY, SPEC_TOO_LARGE, PROJECT_NOT_FOUND, PROJECT_ARCHIVED */
export function startEngineering(
  api: Api,
  session: RedisSession,
  order: EngineeringOrder,
  options?: CallOptions,
): Promise<TaskHandle> {
  return startTask(api, session, body(order), options);
}

/** Lets the server check the order; stores nothing. Returns the task as it would be. */
export async function checkEngineering(api: Api, order: EngineeringOrder, options?: CallOptions): Promise<Task> {
  return (await api.tasks.create({ ...body(order), dry_run: true }, options)).task;
}

function body({ project, spec, correlationId, callbackStream }: EngineeringOrder) {
  return {
    project,
    type: 'engineering' as const,
    spec: checkSpec(spec),
    ...(correlationId !== undefined && { correlation_id: correlationId }),
    ...(callbackStream !== undefined && { callback_stream: callbackStream }),
  };
}
