import { isTerminalEvent, type Task, type TaskEvent } from '@codegen/contracts';
import type { Api } from '../api/index.js';
import { pause } from '../api/retry.js';
import { isOrchestratorError, type OrchestratorError } from '../errors.js';

/** Milliseconds that one long poll waits for the next event, where nothing between cuts it. */
const POLL_MS = 15_000;
/** Milliseconds that an ended task's last event may take to arrive. */
const GRACE_MS = 3000;
const PAGE_SIZE = 500;
/** Milliseconds without any answer after which following gives up. */
const PATIENCE_MS = 300_000;

export interface FollowOptions {
  /** Only events after this seq; 0, the default, is all of them. */
  since?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Told when the API does not answer for a while and following goes on. */
  onInterruption?: ((error: OrchestratorError) => void) | undefined;
}

/**
 * A task's events, each once and in order, over outages of the API of up to five minutes.
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
    // A server or proxy that does not hold the poll open must not be asked in a tight loop.
    if (Date.now() - askedAtMs < 100) await pause(250, signal);
  }
}

/** Whether a task is over: completed, failed or cancelled. */
export function hasEnded(task: Pick<Task, 'status'>): boolean {
  return task.status !== 'queued' && task.status !== 'running';
}

/** Repeats a read that fails for now; the client's own few tries come first each time. */
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
