import type { CreatedTask, Task, TaskEvent } from '@codegen/contracts';
import type { Api, CallOptions } from '../api/index.js';
import { OrchestratorError } from '../errors.js';
import { timeLimit } from '../time-limit.js';
import { type FollowOptions, followTask, hasEnded } from './follow-task.js';

export interface ResultOptions {
  signal?: AbortSignal | undefined;
  /** Milliseconds to wait; without it, for as long as the task takes. */
  timeoutMs?: number | undefined;
}

/** A task to wait for, follow or cancel. Dropping the handle, an abort or a timeout never cancels the task. */
export class TaskHandle {
  readonly #api: Api;
  readonly id: string;
  /** The task when the handle was made. */
  readonly task: Task;
  /** Problems at the start that do not stop the task. */
  readonly warnings: readonly string[];
  /** Whether an earlier call with the same idempotency key had started it, so that this one did nothing. */
  readonly replayed: boolean;
  /** For a deploy that was just started: the commit of main. */
  readonly commitSha: string | undefined;

  constructor(
    api: Api,
    task: Task,
    { warnings = [], replayed = false, commit_sha }: Partial<Omit<CreatedTask, 'task'>> = {},
  ) {
    this.#api = api;
    this.id = task.id;
    this.task = task;
    this.warnings = warnings;
    this.replayed = replayed;
    this.commitSha = commit_sha ?? undefined;
  }

  /** The task's events after `since`, up to its last one. Survives outages of the API of up to five minutes. */
  events(options?: FollowOptions): AsyncGenerator<TaskEvent, void, undefined> {
    return followTask(this.#api, this.id, options);
  }

  /**
   * Waits until the task ends.
   * @throws OrchestratorError TASK_FAILED or TASK_CANCELLED with the task as `details`; STILL_RUNNING after `timeoutMs`
   */
  async result({ signal, timeoutMs }: ResultOptions = {}): Promise<CompletedTask> {
    const limit = timeLimit(timeoutMs, signal, () => stillRunning(this.id, timeoutMs ?? 0));
    try {
      return outcome(await this.#ended(limit.signal));
    } finally {
      limit.release();
    }
  }

  /** Requests the task's cancellation; it ends a little later. */
  cancel(options?: CallOptions): Promise<Task> {
    return this.#api.tasks.cancel(this.id, options);
  }

  async #ended(signal: AbortSignal): Promise<Task> {
    for (;;) {
      const now = await this.#api.tasks.events(this.id, { limit: 1 }, { signal });
      if (hasEnded(now.task)) return await this.#api.tasks.get(this.id, { signal });
      // Past events do not matter here, only new ones.
      for await (const _ of followTask(this.#api, this.id, { since: now.last_seq, signal }));
    }
  }
}

/** A task that completed; any other end is an error. */
export type CompletedTask = Task & { status: 'completed' };

function isCompleted(task: Task): task is CompletedTask {
  return task.status === 'completed';
}

function outcome(task: Task): CompletedTask {
  if (isCompleted(task)) return task;
  if (task.status === 'cancelled') {
    throw new OrchestratorError('TASK_CANCELLED', `${task.id} was cancelled`, { details: task });
  }
  // `details` has the rest of a long error, such as the output of tests.
  const why = task.error?.trim().split('\n', 1)[0] || (task.reason ?? 'no reason given');
  throw new OrchestratorError('TASK_FAILED', `${task.id} failed: ${why}`, { details: task });
}

function stillRunning(id: string, timeoutMs: number): OrchestratorError {
  const message = `${id} has not ended after ${Math.round(timeoutMs / 1000)} s and goes on`;
  return new OrchestratorError('STILL_RUNNING', message);
}
