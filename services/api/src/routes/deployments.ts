import { listDeploymentsQuery, pageOf, recordDeployment, serviceDeployment } from '@codegen/contracts';
import { ApiError } from '../api-error.js';
import { callerOf } from '../auth.js';
import { mutate } from '../idempotency.js';
import * as deployments from '../store/deployments.js';
import { toPage } from '../store/pages.js';
import { findProject } from '../store/projects.js';
import type { Routes } from './dependencies.js';

/** What was deployed where. */
export const deploymentRoutes: Routes = async (app, deps) => {
  app.post(
    '/deployments',
    { schema: { operationId: 'recordDeployment', body: recordDeployment, response: { 201: serviceDeployment } } },
    async (request, reply) => {
      void reply.code(201);
      return mutate(deps, request, reply, async (trx) => {
        const caller = callerOf(request);
        await findProject(trx, caller, request.body.project_id);
        const { server_handle } = request.body;
        const server = await trx
          .selectFrom('servers')
          .select('handle')
          .where('handle', '=', server_handle)
          .executeTakeFirst();
        if (!server) throw new ApiError('NOT_FOUND', `there is no server ${server_handle}`);
        return deployments.recordDeployment(trx, request.body);
      });
    },
  );

  app.get(
    '/deployments',
    {
      schema: {
        operationId: 'listDeployments',
        querystring: listDeploymentsQuery,
        response: { 200: pageOf(serviceDeployment) },
      },
    },
    async (request) => {
      const { limit, cursor, project, current } = request.query;
      const caller = callerOf(request);
      const projectId = project === undefined ? undefined : (await findProject(deps.db, caller, project)).id;
      const query = { cursor, projectId, currentOnly: current === 'true', limit: limit + 1 };
      const rows = await deployments.listDeployments(deps.db, caller, query);
      return toPage(rows, limit);
    },
  );
};
