import type { Task, TaskEvent } from '@codegen/contracts';
import type { TaskHandle } from '@codegen/sdk';
import { isOrchestratorError } from '@codegen/sdk/errors';
import { withNext } from '../translate-error.js';
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
export async function watchTask(
  handle: TaskHandle,
  { since, signal, print, lost }: WatchOptions,
): Promise<{ task: Task; lastSeq: number }> {
  let lastSeq = since;
  try {
    for await (const event of handle.events({ since, signal, onInterruption: lost })) {
      lastSeq = event.seq;
      await print(event);
    }
    return { task: await handle.result({ signal }), lastSeq };
  } catch (error) {
    if (!isOrchestratorError(error)) throw error;
    if (error.code === 'TASK_FAILED' || error.code === 'TASK_CANCELLED') {
      const next = { command: `orchestrator task get ${handle.id}`, when: 'to see all that is known of the task' };
      throw withNext(error, [next], withoutSpec(error.details as Task));
    }
    const next = {
      command: `orchestrator task watch ${handle.id} --since ${lastSeq}`,
      when: 'to go on where this stopped',
    };
    throw withNext(error, [next], error.details ?? { task_id: handle.id, last_seq: lastSeq });
  }
}
