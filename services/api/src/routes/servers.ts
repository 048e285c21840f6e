import { allocate, allocation, identifier, server } from '@codegen/contracts';
import { z } from 'zod';
import { callerOf } from '../auth.js';
import { mutate } from '../idempotency.js';
import { findProject } from '../store/projects.js';
import * as servers from '../store/servers.js';
import type { Routes } from './dependencies.js';

/** Servers and the ports of theirs that projects hold. */
export const serverRoutes: Routes = async (app, deps) => {
  app.get(
    '/servers',
    { schema: { operationId: 'listServers', response: { 200: z.object({ items: z.array(server) }) } } },
    async () => ({
      items: await servers.listServers(deps.db),
    }),
  );

  app.put(
    '/servers/:handle',
    {
      schema: {
        operationId: 'putServer',
        params: z.object({ handle: identifier }),
        body: servers.orderedServer,
        response: { 200: server },
      },
    },
    async (request, reply) =>
      request.body.dry_run
        ? servers.previewServer(deps.db, request.params.handle, request.body)
        : mutate(deps, request, reply, (trx) => servers.putServer(trx, request.params.handle, request.body), {
            again: true,
          }),
  );

  app.get(
    '/projects/:project/allocations',
    {
      schema: {
        operationId: 'listAllocations',
        params: z.object({ project: identifier }),
        response: { 200: z.object({ items: z.array(allocation) }) },
      },
    },
    async (request) => {
      const { id } = await findProject(deps.db, callerOf(request), request.params.project);
      return { items: await servers.listAllocations(deps.db, id) };
    },
  );

  app.post(
    '/allocations',
    { schema: { operationId: 'allocate', body: allocate, response: { 200: allocation } } },
    async (request, reply) => mutate(deps, request, reply, (trx) => servers.allocate(trx, request.body)),
  );
};
