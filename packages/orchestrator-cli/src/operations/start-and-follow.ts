import type { Task } from '@codegen/contracts';
import type { Orchestrator, TaskHandle } from '@codegen/sdk';
import { isOrchestratorError, type OrchestratorError, paste } from '@codegen/sdk/errors';
import { parseDuration } from '../input/duration.js';
import { withNext } from '../kit/errors.js';
import { NO_LIMIT } from '../kit/field.js';
import { printWarnings } from '../kit/print-warnings.js';
import type { Runtime } from '../kit/runtime.js';
import { followToEnd, withoutSpec } from './follow-to-end.js';

/**
 * A task as `start` returns it; `dry_run` where it was only checked and does not exist. A deploy that nobody waited for
 * names the commit that main is at; one that has ended says in its result which it released.
 */
export type StartedTask = Omit<Task, 'spec'> & { dry_run?: true; commit_sha?: string };

export interface StartFlags {
  wait?: string | undefined;
  dry_run?: boolean | undefined;
  quiet?: boolean | undefined;
}

/** Starts a task, or has the start checked, and follows it to its end where that is asked for. */
export async function startAndFollow(
  client: Orchestrator,
  starter: { start(): Promise<TaskHandle>; check?(): Promise<Task> },
  runtime: Runtime,
  flags: StartFlags,
): Promise<StartedTask> {
  const { wait } = flags;
  // Read before anything is started: a mistyped duration must not leave a task behind.
  const timeoutMs = wait === undefined || wait === NO_LIMIT ? undefined : parseDuration(wait, '--wait');
  if (flags.dry_run && starter.check) return { ...withoutSpec(await starter.check()), dry_run: true };
  const handle = await starter.start().catch((error: unknown) => {
    const [task] = (isOrchestratorError(error) && error.code === 'TASK_ENDED' && error.choices) || [];
    if (task === undefined) throw error;
    throw withNext(error as OrchestratorError, [
      { command: paste`orchestrator task retry ${task} --wait`, when: 'to run that task again' },
      { command: paste`orchestrator task get ${task}`, when: 'to see how it ended' },
    ]);
  });
  runtime.meta.correlation_id = handle.task.correlation_id;
  const { task, commitSha } = handle;
  if (wait === undefined || runtime.json || flags.quiet) runtime.warnings.push(...handle.warnings);
  // Whoever watches is warned before, not after.
  else
    await printWarnings(
      handle.warnings.map((warning) => runtime.redactor.clean(warning)),
      runtime,
    );
  if (wait === undefined) return { ...withoutSpec(task), ...(commitSha !== undefined && { commit_sha: commitSha }) };
  return await followToEnd(client, handle, runtime, { timeoutMs, quiet: flags.quiet });
}
