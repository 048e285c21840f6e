import type { Task, TaskEvent } from '@codegen/contracts';
import type { TaskHandle } from '@codegen/sdk';
import { isOrchestratorError, paste } from '@codegen/sdk/errors';
import { withNext } from '../kit/errors.js';
import { withoutSpec } from './follow-to-end.js';

export interface WatchOptions {
  since: number;
  signal: AbortSignal;
  /** Awaited, so that a slow reader slows the watching down. */
  print(event: TaskEvent): Promise<void>;
  /** Told when the API stops answering. */
  lost(): void;
}

/** Prints a task's events to the last one. @throws OrchestratorError as the task ends; when it stops early, with the command to go on */
export async function watchTask(handle: TaskHandle, options: WatchOptions): Promise<{ task: Task; lastSeq: number }> {
  const { id } = handle;
  const lastSeq = await followEvents(handle, options, paste`orchestrator task watch ${id}`);
  try {
    return { task: await handle.result({ signal: options.signal }), lastSeq };
  } catch (error) {
    const ended = isOrchestratorError(error) && (error.code === 'TASK_FAILED' || error.code === 'TASK_CANCELLED');
    if (!ended) throw error;
    const next = { command: paste`orchestrator task get ${id}`, when: 'to see all that is known of the task' };
    throw withNext(error, [next], withoutSpec(error.details as Task));
  }
}

/**
 * Prints a task's events to the last one, and returns its seq.
 * @throws OrchestratorError when it stops early: `command` with the place to go on from is its next step
 */
export async function followEvents(
  handle: TaskHandle,
  { since, signal, print, lost }: WatchOptions,
  command: string,
): Promise<number> {
  let lastSeq = since;
  try {
    for await (const event of handle.events({ since, signal, onInterruption: lost })) {
      lastSeq = event.seq;
      await print(event);
    }
    return lastSeq;
  } catch (error) {
    if (!isOrchestratorError(error)) throw error;
    const next = { command: `${command} --since ${lastSeq}`, when: 'to go on where this stopped' };
    throw withNext(error, [next], error.details ?? { task_id: handle.id, last_seq: lastSeq });
  }
}
