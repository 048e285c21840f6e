import {
  createProject,
  identifier,
  listProjectsQuery,
  makeId,
  pageOf,
  project,
  projectReport,
  updateProject,
  wireNow,
} from '@codegen/contracts';
import { z } from 'zod';
import { callerOf, requireScope } from '../auth.js';
import { mutate } from '../idempotency.js';
import { toPage } from '../store/pages.js';
import {
  archiveProject,
  updateProject as changeProject,
  findProject,
  insertProject,
  listProjects,
  reportProject,
  requireFreeName,
} from '../store/projects.js';
import type { Routes } from './dependencies.js';

const params = z.object({ project: identifier });
const update = updateProject.refine((body) => body.name !== undefined || body.description !== undefined, {
  error: 'name what is to change: name, description or both',
});

/** Projects, and what the departments report on them. */
export const projectRoutes: Routes = async (app, deps) => {
  app.post(
    '/projects',
    { schema: { operationId: 'createProject', body: createProject, response: { 200: project, 201: project } } },
    async (request, reply) => {
      const { name, description = null, modules, dry_run } = request.body;
      const input = { name, description, modules, owner_id: callerOf(request).user.id };
      if (dry_run) {
        await requireFreeName(deps.db, input.owner_id, name);
        const empty = { repository_url: null, repository: null, main_sha: null, manifest: null };
        const now = wireNow();
        return { ...input, ...empty, id: makeId('proj'), status: 'draft' as const, created_at: now, updated_at: now };
      }
      void reply.code(201);
      return mutate(deps, request, reply, (trx) => insertProject(trx, input));
    },
  );

  app.get(
    '/projects',
    { schema: { operationId: 'listProjects', querystring: listProjectsQuery, response: { 200: pageOf(project) } } },
    async (request) => {
      const { limit } = request.query;
      return toPage(await listProjects(deps.db, callerOf(request), { ...request.query, limit: limit + 1 }), limit);
    },
  );

  app.get(
    '/projects/:project',
    { schema: { operationId: 'getProject', params, response: { 200: project } } },
    async (request) => findProject(deps.db, callerOf(request), request.params.project),
  );

  app.patch(
    '/projects/:project',
    { schema: { operationId: 'updateProject', params, body: update, response: { 200: project } } },
    async (request, reply) =>
      mutate(deps, request, reply, async (trx) => {
        const { id } = await findProject(trx, callerOf(request), request.params.project);
        return changeProject(trx, id, request.body);
      }),
  );

  app.post(
    '/projects/:project/archive',
    { schema: { operationId: 'archiveProject', params, response: { 200: project } } },
    async (request, reply) =>
      mutate(deps, request, reply, async (trx) => {
        const { id } = await findProject(trx, callerOf(request), request.params.project);
        return archiveProject(trx, id);
      }),
  );

  app.patch(
    '/projects/:project/report',
    { schema: { operationId: 'reportProject', params, body: projectReport, response: { 200: project } } },
    async (request, reply) => {
      // Where a repository is, and what is on its main, the scaffolder alone says.
      const { repository_url, repository, main_sha, manifest } = request.body;
      const ofRepository = repository_url ?? repository ?? main_sha ?? manifest;
      if (ofRepository !== undefined) requireScope(callerOf(request), ['project.repository']);
      return mutate(deps, request, reply, async (trx) => {
        const { id } = await findProject(trx, callerOf(request), request.params.project);
        return reportProject(trx, id, request.body);
      });
    },
  );
};
