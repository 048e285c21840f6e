import {
  createdTask,
  createTask,
  identifier,
  listTasksQuery,
  MAX_SPEC_BYTES,
  pageOf,
  type Task,
  type TaskType,
  task,
} from '@codegen/contracts';
import type { Transaction } from 'kysely';
import { z } from 'zod';
import { starting, startScopes } from '../access.js';
import { ApiError } from '../api-error.js';
import { callerOf, requireScope } from '../auth.js';
import { checkCallbackStream } from '../callback-stream.js';
import { OUTBOX } from '../changes.js';
import type { Database } from '../database/schema.js';
import { mutate } from '../idempotency.js';
import { notePublished } from '../store/outbox.js';
import { toPage } from '../store/pages.js';
import { archived, findProject } from '../store/projects.js';
import {
  aboutDeploy,
  findTask,
  insertTask,
  listTasks,
  makeMessage,
  makeTaskId,
  previewTask,
  replayTask,
  requestCancel,
  retryTask,
  tellTask,
  toCreatedTask,
  toTask,
} from '../store/tasks.js';
import type { Routes } from './dependencies.js';

const params = z.object({ id: identifier });

/** Tasks as the people see them who ask for work. */
export const taskRoutes: Routes = async (app, deps) => {
  app.post(
    '/tasks',
    {
      schema: { operationId: 'createTask', body: createTask, response: { 200: createdTask, 201: createdTask } },
      preValidation: async (request) => {
        const { type } = (request.body ?? {}) as { type?: TaskType };
        requireScope(callerOf(request), type && Object.hasOwn(startScopes, type) ? startScopes[type] : starting);
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const { type, correlation_id, callback_stream, anyway, dry_run } = request.body;
      checkCallbackStream(callback_stream, caller.user.id);
      const spec = checkSpec(type, request.body.spec);
      const prepare = async (db: typeof deps.db) => {
        const project = await findProject(db, caller, request.body.project);
        if (project.status === 'archived') throw archived(project);
        const about = type === 'deploy' ? await aboutDeploy(db, project, { anyway }) : {};
        const user_id = caller.user.telegram_id ?? 0;
        const ids = { task_id: makeTaskId(), project_id: project.id, user_id };
        const message = makeMessage(type, { ...ids, correlation_id, callback_stream });
        return { about, task: { project_id: project.id, owner_id: project.owner_id, type, spec, message } };
      };
      if (dry_run) {
        const { about, task } = await prepare(deps.db);
        return { ...previewTask(task), ...about };
      }
      void reply.code(201);
      const start = async (trx: Transaction<Database>) => {
        const { about, task } = await prepare(trx);
        return { ...toCreatedTask(await insertTask(trx, task)), ...about };
      };
      return mutate(deps, request, reply, start, { replay: ({ task: { id } }, trx) => replayTask(trx, caller, id) });
    },
  );

  app.get(
    '/tasks',
    { schema: { operationId: 'listTasks', querystring: listTasksQuery, response: { 200: pageOf(task) } } },
    async (request) => {
      const { limit, project, ...query } = request.query;
      const caller = callerOf(request);
      const projectId = project === undefined ? undefined : (await findProject(deps.db, caller, project)).id;
      const rows = await listTasks(deps.db, caller, { ...query, projectId, limit: limit + 1 });
      const tasks: Task[] = [];
      for (const row of rows) tasks.push(await tellTask(deps.db, deps.conditions, row));
      return toPage(tasks, limit);
    },
  );

  app.get('/tasks/:id', { schema: { operationId: 'getTask', params, response: { 200: task } } }, async (request) =>
    tellTask(deps.db, deps.conditions, await findTask(deps.db, callerOf(request), request.params.id), {
      withSpec: true,
    }),
  );

  app.post(
    '/tasks/:id/cancel',
    { schema: { operationId: 'cancelTask', params, response: { 200: task } } },
    async (request, reply) => {
      const { id } = request.params;
      const cancelled = await mutate(deps, request, reply, async (trx) =>
        toTask(await requestCancel(trx, callerOf(request), id)),
      );
      deps.changes.notify(id);
      deps.changes.notify(OUTBOX);
      return cancelled;
    },
  );

  app.post(
    '/tasks/:id/retry',
    { schema: { operationId: 'retryTask', params, response: { 200: createdTask } } },
    async (request, reply) => {
      const { id } = request.params;
      const caller = callerOf(request);
      const retry = async (trx: Transaction<Database>) => toCreatedTask(await retryTask(trx, caller, id));
      const retried = await mutate(deps, request, reply, retry, {
        replay: (_, trx) => replayTask(trx, caller, id),
      });
      deps.changes.notify(id);
      return retried;
    },
  );

  app.post(
    '/tasks/:id/published',
    {
      schema: {
        operationId: 'notePublished',
        params,
        body: z.object({ request_id: z.string() }),
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      await mutate(deps, request, reply, async (trx) => {
        const found = await findTask(trx, callerOf(request), request.params.id);
        await notePublished(trx, found.id, request.body.request_id);
      });
      return reply.code(204).send(null);
    },
  );
};

/** The spec as it will be stored, to the letter; only engineering has one. */
function checkSpec(type: TaskType, spec: string | null | undefined): string | null {
  if (type !== 'engineering') {
    if (spec == null) return null;
    throw new ApiError('VALIDATION_FAILED', 'a deploy task takes no spec: it deploys what main holds');
  }
  if (!spec?.trim()) throw new ApiError('SPEC_EMPTY', 'say in spec what is wanted: it is empty');
  const bytes = Buffer.byteLength(spec);
  if (bytes > MAX_SPEC_BYTES) {
    throw new ApiError('SPEC_TOO_LARGE', `the spec has ${bytes} bytes; ${MAX_SPEC_BYTES} are allowed: shorten it`);
  }
  return spec;
}
