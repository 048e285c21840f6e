import type { Task } from '@codegen/contracts';
import type { Orchestrator, TaskHandle } from '@codegen/sdk';
import { isOrchestratorError, type NextStep, OrchestratorError, paste } from '@codegen/sdk/errors';
import { withNext } from '../kit/errors.js';
import type { Runtime } from '../kit/runtime.js';
import { openProgress } from '../progress/progress.js';
import { tellWait } from './tell-wait.js';

export interface FollowToEndOptions {
  /** Milliseconds; without it, as long as the task takes. */
  timeoutMs?: number | undefined;
  quiet?: boolean | undefined;
}

/** A timer that is set for longer fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** Milliseconds that the look at what a task waits for may take, after the time that was given. */
const LOOK_MS = 5000;

/**
 * Follows a task with the progress of its latest attempt on standard error and returns it, without its spec, when it has completed.
 * A signal or the timeout lets go of it: the task goes on, and the error says how to follow it again.
 * @throws OrchestratorError TASK_FAILED, TASK_CANCELLED, STILL_RUNNING, INTERRUPTED, TERMINATED
 */
export async function followToEnd(
  client: Orchestrator,
  handle: TaskHandle,
  runtime: Runtime,
  { timeoutMs, quiet }: FollowToEndOptions,
): Promise<Task> {
  const controller = new AbortController();
  const forward = () => controller.abort(runtime.signal.reason);
  runtime.signal.addEventListener('abort', forward, { once: true });
  if (runtime.signal.aborted) forward();
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => controller.abort(late(handle)), Math.min(timeoutMs, LONGEST_TIMER_MS));
  const { signal } = controller;
  let isOurs = handle.task.attempt === 1;
  const progress = await openProgress(handle.task, runtime, quiet);
  try {
    for await (const event of handle.events({ signal, onInterruption: () => progress.interrupted() })) {
      // Those before are of attempts that have ended.
      isOurs ||= event.request_id === handle.task.request_id;
      if (isOurs) progress.show(event);
    }
    return withoutSpec(await handle.result({ signal }));
  } catch (error) {
    if (!isOrchestratorError(error)) throw error;
    const advised = advise(error, handle.task);
    if (error.code !== 'STILL_RUNNING') throw advised;
    const give = await whatItWaitsFor(client, handle.id, runtime);
    throw give ? withNext(advised, [give, ...(advised.next ?? [])]) : advised;
  } finally {
    clearTimeout(timer);
    runtime.signal.removeEventListener('abort', forward);
    await progress.close();
  }
}

/** Warns of it, where the API tells. */
async function whatItWaitsFor(client: Orchestrator, id: string, { signal, warnings }: Runtime) {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]);
  const look = async () => tellWait(await client.tasks.get(id, { signal: bounded }), { warnings });
  return await look().catch(() => undefined);
}

/** A task as answers show it: the spec may be a megabyte and is known to whoever sent it. */
export function withoutSpec({ spec: _, ...task }: Task): Task {
  return task;
}

function late(handle: TaskHandle): OrchestratorError {
  return new OrchestratorError('STILL_RUNNING', `${handle.id} is still running; it goes on`);
}

function advise(error: OrchestratorError, { id, type }: Task): OrchestratorError {
  const resume: NextStep = {
    command: paste`orchestrator ${type} wait ${id}`,
    when: 'to follow the task again; it goes on',
  };
  const inspect: NextStep = {
    command: paste`orchestrator task get ${id}`,
    when: 'to see all that is known of the task',
  };
  if (error.code === 'TASK_FAILED' || error.code === 'TASK_CANCELLED') {
    return withNext(error, [inspect], withoutSpec(error.details as Task));
  }
  // Whoever is not let in any more would only be refused again.
  if (error.code === 'UNAUTHENTICATED' || error.code === 'FORBIDDEN') return error;
  return withNext(goesOn(error, id), [resume, inspect], error.details ?? { task_id: id });
}

function goesOn(error: OrchestratorError, id: string): OrchestratorError {
  if (error.code !== 'INTERRUPTED' && error.code !== 'TERMINATED') return error;
  return new OrchestratorError(error.code, `${error.message}; ${id} goes on`, { ...error, cause: error });
}
