import {
  attempt,
  attemptReport,
  claimedTask,
  claimTask,
  failTask,
  identifier,
  nextAttempt,
  type Task,
  task,
  transitionTask,
} from '@codegen/contracts';
import { z } from 'zod';
import { callerOf } from '../auth.js';
import { OUTBOX } from '../changes.js';
import { mutate } from '../idempotency.js';
import * as runs from '../store/task-runs.js';
import { findTask, tellTask, toTask } from '../store/tasks.js';
import type { Dependencies, Routes } from './dependencies.js';

const params = z.object({ id: identifier });

/** What langgraph does with a task: claim it, replace a lost worker, end it; and how an administrator ends it instead. */
export const taskRunRoutes: Routes = async (app, deps) => {
  app.post(
    '/tasks/:id/claim',
    { schema: { operationId: 'claimTask', params, body: claimTask, response: { 200: claimedTask } } },
    async (request, reply) => {
      const { id } = request.params;
      const claim = await mutate(
        deps,
        request,
        reply,
        (trx) => runs.claimTask(trx, callerOf(request), id, request.body.request_id),
        { again: true },
      );
      deps.changes.notify(id);
      if (claim.outcome === 'cancelled') sayEnded(deps, claim.task);
      return claim;
    },
  );

  app.post(
    '/tasks/:id/transition',
    {
      schema: {
        operationId: 'transitionTask',
        params,
        body: transitionTask,
        response: { 200: z.object({ changed: z.boolean(), task }) },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const outcome = await mutate(
        deps,
        request,
        reply,
        async (trx) => {
          const { changed, row } = await runs.transitionTask(trx, deps.conditions, callerOf(request), id, request.body);
          return { changed, task: await tellTask(trx, deps.conditions, row) };
        },
        { again: true },
      );
      deps.changes.notify(id);
      if (outcome.changed && outcome.task.status !== 'running') sayEnded(deps, outcome.task);
      return outcome;
    },
  );

  app.post(
    '/tasks/:id/fail',
    { schema: { operationId: 'failTask', params, body: failTask, response: { 200: task } } },
    async (request, reply) => {
      const { id } = request.params;
      const failed = await mutate(deps, request, reply, async (trx) =>
        toTask(await runs.failTask(trx, callerOf(request), id, request.body)),
      );
      deps.changes.notify(id);
      sayEnded(deps, failed);
      return failed;
    },
  );

  app.post(
    '/tasks/:id/attempts',
    {
      schema: {
        operationId: 'nextAttempt',
        params,
        body: nextAttempt,
        response: { 200: z.object({ epoch: z.int(), task }) },
      },
    },
    async (request, reply) =>
      mutate(
        deps,
        request,
        reply,
        async (trx) => {
          const { epoch, row } = await runs.nextAttempt(trx, callerOf(request), request.params.id, request.body);
          return { epoch, task: toTask(row) };
        },
        { again: true },
      ),
  );

  app.get(
    '/tasks/:id/attempts',
    { schema: { operationId: 'listAttempts', params, response: { 200: z.object({ items: z.array(attempt) }) } } },
    async (request) => {
      const { id } = await findTask(deps.db, callerOf(request), request.params.id);
      return { items: await runs.listAttempts(deps.db, id) };
    },
  );

  app.put(
    '/tasks/:id/attempts/:epoch',
    {
      schema: {
        operationId: 'reportAttempt',
        params: params.extend({ epoch: z.coerce.number().int().min(0).max(2_147_483_647) }),
        body: attemptReport,
        response: { 200: attempt },
      },
    },
    async (request, reply) =>
      mutate(deps, request, reply, async (trx) => {
        const { id } = await findTask(trx, callerOf(request), request.params.id);
        return runs.reportAttempt(trx, id, request.params.epoch, request.body);
      }),
  );
};

function sayEnded(
  { changes, logger }: Dependencies,
  { id: task_id, correlation_id, type, status, reason, attempt }: Task,
): void {
  // The turn of the next one has come.
  changes.notify(OUTBOX);
  logger.info({ task_id, correlation_id, type, status, reason, attempt }, 'task ended');
}
