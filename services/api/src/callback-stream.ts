import { queues, taskProgress } from '@codegen/contracts';
import { ApiError } from './api-error.js';

const NAME = /^[A-Za-z0-9][\w.:-]*$/;

/** What our own streams start with: the fixed name, or what comes before the first parameter. */
const reserved = queues
  .filter((queue) => queue.stream !== taskProgress.stream)
  .flatMap((queue) => [queue.stream, ...(queue.legacyStreams ?? [])])
  .map((stream) => stream.split('{')[0] as string);

/**
 * Refuses a stream for progress that is one of ours: progress streams are trimmed and expire, and a work queue that
 * someone named here would lose its entries.
 */
export function checkCallbackStream(stream: string | null | undefined): void {
  if (stream == null) return;
  if (NAME.test(stream) && !reserved.some((one) => stream.startsWith(one))) return;
  const example = taskProgress.stream.replace('{task_id}', 'my-tool');
  throw new ApiError('VALIDATION_FAILED', `callback_stream cannot be ${JSON.stringify(stream)}: try ${example}`, {
    errors: [{ path: 'callback_stream', message: 'must be a plain name that no other stream starts with' }],
  });
}
