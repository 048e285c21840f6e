import { isTerminalEvent, type Task, type TaskEvent } from '@codegen/contracts';
import type { Api } from '../api/index.js';
import { pause } from '../api/retry.js';
import { isOrchestratorError, type OrchestratorError } from '../errors.js';

/** Milliseconds that one long poll waits for the next event, unless a proxy cuts it. */
const POLL_MS = 15_000;
/** Milliseconds to wait for the last event of an ended task. */
const GRACE_MS = 3000;
const PAGE_SIZE = 500;
/** Milliseconds without an answer after which following fails. */
const PATIENCE_MS = 300_000;

export interface FollowOptions {
  /** Only events after this seq; 0, the default, gives all of them. */
  since?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Called when the API does not answer and following goes on. */
  onInterruption?: ((error: OrchestratorError) => void) | undefined;
}

/**
 * Yields a task's events, each once and in order; survives outages of the API of up to five minutes.
 *
 * States: open → (terminal event of the task's current request) done
 *         open → (the task has ended) draining → (that event comes, or 3 s without one) done
 *         draining → (the task was started again) open
 */
export async function* followTask(
  api: Api,
  id: string,
  { since = 0, signal, onInterruption }: FollowOptions = {},
): AsyncGenerator<TaskEvent, void, undefined> {
  let position = since;
  let drainedAtMs: number | undefined;
  for (;;) {
    const waitMs = drainedAtMs === undefined ? POLL_MS : Math.max(0, drainedAtMs - Date.now());
    const askedAtMs = Date.now();
    const query = { since: position, wait_ms: waitMs, limit: PAGE_SIZE };
    const page = await patiently(() => api.tasks.events(id, query, { signal }), signal, onInterruption);
    for (const event of page.items) {
      position = event.seq;
      yield event;
      signal?.throwIfAborted();
      if (isTerminalEvent(event) && event.request_id === page.task.request_id) return;
    }
    if (!hasEnded(page.task)) drainedAtMs = undefined;
    else drainedAtMs ??= Date.now() + GRACE_MS;
    if (page.items.length > 0) continue;
    if (drainedAtMs !== undefined && Date.now() >= drainedAtMs) return;
    // A server or proxy may not hold the poll open; do not call it in a tight loop.
    if (Date.now() - askedAtMs < 100) await pause(250, signal);
  }
}

/** Whether a task is over: completed, failed or cancelled. */
export function hasEnded(task: Pick<Task, 'status'>): boolean {
  return task.status !== 'queued' && task.status !== 'running';
}

/** Repeats a read that fails with a retryable error; each read includes the client's own retries. */
async function patiently<T>(
  read: () => Promise<T>,
  signal: AbortSignal | undefined,
  onInterruption: FollowOptions['onInterruption'],
): Promise<T> {
  const untilMs = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await read();
    } catch (error) {
      signal?.throwIfAborted();
      if (!isOrchestratorError(error) || !error.retryable || Date.now() > untilMs) throw error;
      onInterruption?.(error);
      await pause(1000, signal);
    }
  }
}
