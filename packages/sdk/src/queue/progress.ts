import { type MessageInput, progressStreamOwner, taskEvents, taskProgress } from '@codegen/contracts';
import type { QueueTarget } from './connect-queue.js';
import { publish } from './publish.js';

/** A progress event as it is reported; what has a default may be left out. */
export type ProgressEventInput = MessageInput<typeof taskEvents>;

const ONCE_MS = 600_000;

/**
 * Reports progress: to `task:events`, from where the API records it, and to `callback_stream`, if anyone listens
 * there. What goes to the latter may be dropped, and is where the stream is neither the task's nor a user's. With `once`, an event that was reported under the same key within ten
 * minutes is not reported again: a step that runs a second time after a crash tells nothing twice.
 * @throws {OrchestratorError} when `task:events` cannot be reached
 */
export async function reportProgress(
  queue: QueueTarget,
  { callback_stream, ...event }: ProgressEventInput & { callback_stream?: string | null | undefined },
  { once }: { once?: string | undefined } = {},
): Promise<void> {
  const dedupe = once === undefined ? {} : { dedupe: { key: once, windowMs: ONCE_MS } };
  const recorded = publish(queue, taskEvents, event, dedupe);
  if (callback_stream && takesProgress(callback_stream, event.task_id)) {
    publish(queue, taskProgress, event, { stream: callback_stream }).catch(() => undefined);
  }
  await recorded;
}

const USER = /^user_[0-9a-f]{32}$/;

/**
 * Whether progress of a task may go to a stream that a message names: that of the task itself, or a user's. It is trimmed
 * and expires, and its name comes from outside, so no other one is ever touched.
 */
export function takesProgress(stream: string, taskId: unknown): boolean {
  const owner = progressStreamOwner(stream);
  return owner !== undefined && (owner === taskId || USER.test(owner));
}
