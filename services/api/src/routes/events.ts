import { identifier, recordEvents, type TaskEventPage, taskEventPage, taskEventsQuery } from '@codegen/contracts';
import { z } from 'zod';
import { type Caller, callerOf, requireStillValid } from '../auth.js';
import { mutate } from '../idempotency.js';
import { hasEnd, listEvents, recordEvents as record } from '../store/events.js';
import { findTask, tellTask } from '../store/tasks.js';
import type { Dependencies, Routes } from './dependencies.js';
import { whileOpen } from './while-open.js';

/** Another replica's events are seen this late; this process's own at once. */
const LOOK_AGAIN_MS = 1000;
/** How long the event of an end may take after the end itself. */
const CLOSING_MS = 3000;

/** The history of tasks: written by the event-recorder, read by long poll. */
export const eventRoutes: Routes = async (app, deps) => {
  app.post(
    '/events',
    { schema: { operationId: 'recordEvents', body: recordEvents, response: { 200: z.object({ recorded: z.int() }) } } },
    async (request, reply) => {
      const outcome = await mutate(deps, request, reply, (trx) => record(trx, request.body.events), { again: true });
      for (const taskId of outcome.taskIds) deps.changes.notify(taskId);
      return { recorded: outcome.recorded };
    },
  );

  app.get(
    '/tasks/:id/events',
    {
      schema: {
        operationId: 'listTaskEvents',
        params: z.object({ id: identifier }),
        querystring: taskEventsQuery,
        response: { 200: taskEventPage },
      },
    },
    async (request, reply) =>
      whileOpen(reply, deps.stopping, (signal) =>
        pollEvents(deps, callerOf(request), request.params.id, request.query, signal),
      ),
  );
};

/** Answers at the first event after `since`, when the task's status changes, when nothing more will come, or in time. */
async function pollEvents(
  deps: Dependencies,
  caller: Caller,
  id: string,
  query: { since: number; wait_ms: number; limit: number },
  signal: AbortSignal,
): Promise<TaskEventPage> {
  const deadline = Date.now() + query.wait_ms;
  const watch = deps.changes.watch(id);
  try {
    let status: string | undefined;
    let endedMs: number | undefined;
    for (;;) {
      // The task is read first: an end that it shows cannot hide events that came before it.
      const task = await findTask(deps.db, caller, id);
      const items = await listEvents(deps.db, id, query.since, query.limit);
      const remainingMs = deadline - Date.now();
      status ??= task.status;
      // The event of an end follows it in a moment: who follows a task is not told to stop before it.
      if (task.status !== status && isEnded(task)) endedMs ??= Date.now();
      const hasChanged = task.status !== status && (endedMs === undefined || Date.now() - endedMs > CLOSING_MS);
      const nothingMore = remainingMs <= 0 || signal.aborted || hasChanged;
      if (items.length > 0 || nothingMore || (await isOver(deps, task))) {
        return {
          items,
          last_seq: items.at(-1)?.seq ?? query.since,
          task: await tellTask(deps.db, deps.conditions, task),
        };
      }
      await watch.next(Math.min(remainingMs, LOOK_AGAIN_MS), signal);
      await requireStillValid(deps.db, caller);
    }
  } finally {
    watch.stop();
  }
}

function isEnded({ status }: { status: string }): boolean {
  return status !== 'queued' && status !== 'running';
}

/** An ended task whose end is in its history gets no more events, unless it is retried. */
async function isOver(deps: Dependencies, task: { id: string; status: string; request_id: string }): Promise<boolean> {
  if (!isEnded(task)) return false;
  return hasEnd(deps.db, task.id, task.request_id);
}
