import { type MessageInput, queues, taskEvents, taskProgress } from '@codegen/contracts';
import type { QueueTarget } from './connect-queue.js';
import { publish } from './publish.js';

/** A progress event as it is reported; what has a default may be left out. */
export type ProgressEventInput = MessageInput<typeof taskEvents>;

const ONCE_MS = 600_000;

/**
 * Reports progress: to `task:events`, from where the API records it, and to `callback_stream`, if anyone listens
 * there. What goes to the latter may be dropped. With `once`, an event that was reported under the same key within ten
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
  if (callback_stream && isCallbackStream(callback_stream)) {
    publish(queue, taskProgress, event, { stream: callback_stream }).catch(() => undefined);
  }
  await recorded;
}

// A callback stream is trimmed and expires, and its name comes from outside: it must never be one of our own.
function isCallbackStream(name: string): boolean {
  return !/[{}]|:dlq$/.test(name) && !workStreams.some((pattern) => pattern.test(name));
}

const workStreams = queues
  .filter((queue) => queue.kind === 'work')
  .flatMap((queue) => [queue.stream, ...(queue.legacyStreams ?? [])])
  .map((stream) => new RegExp(`^${stream.replace(/\{\w+\}/g, '[^:]+')}$`));
