import { progressStreamOwner } from '@codegen/contracts';
import { ApiError } from './api-error.js';

/**
 * Refuses a stream for progress that is not the caller's own: such a stream is trimmed and expires, and what is written
 * there is read as the progress of its owner.
 */
export function checkCallbackStream(stream: string | null | undefined, userId: string): void {
  if (stream == null || progressStreamOwner(stream) === userId) return;
  const own = `task_progress:${userId}`;
  throw new ApiError('VALIDATION_FAILED', `callback_stream cannot be ${JSON.stringify(stream)}: use ${own}:my-tool`, {
    errors: [{ path: 'callback_stream', message: `must be ${own}, or that with :NAME behind it` }],
  });
}
