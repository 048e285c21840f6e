import { outboxEntry } from '@codegen/contracts';
import { z } from 'zod';
import { listOutbox } from '../store/outbox.js';
import type { Routes } from './dependencies.js';

/** Messages that wait for the relay. */
export const outboxRoutes: Routes = async (app, { db }) => {
  app.get(
    '/outbox',
    {
      schema: {
        querystring: z.object({ limit: z.coerce.number().int().min(1).max(500).default(100) }),
        response: { 200: z.object({ items: z.array(outboxEntry) }) },
      },
    },
    async (request) => ({ items: await listOutbox(db, request.query.limit) }),
  );
};
