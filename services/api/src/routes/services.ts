import { identifier, service, serviceName, signOfLife } from '@codegen/contracts';
import { z } from 'zod';
import { listServices, noteService } from '../store/services.js';
import type { Routes } from './dependencies.js';

/** Which services run. */
export const serviceRoutes: Routes = async (app, { db }) => {
  app.get(
    '/services',
    { schema: { operationId: 'listServices', response: { 200: z.object({ items: z.array(service) }) } } },
    async () => ({
      items: await listServices(db),
    }),
  );

  app.put(
    '/services/:name/:instance',
    {
      schema: {
        operationId: 'noteService',
        params: z.object({ name: serviceName, instance: identifier }),
        body: signOfLife,
        response: { 200: service },
      },
    },
    async (request) => noteService(db, { ...request.params, ...request.body }),
  );
};
