import { createdTask, identifier, outboxEntry } from '@codegen/contracts';
import { z } from 'zod';
import { listOutbox, listUnstarted, listUntold } from '../store/outbox.js';
import type { Routes } from './dependencies.js';

const limit = z.coerce.number().int().min(1).max(500).default(100);
const entries = z.object({ items: z.array(outboxEntry) });

/** What is owed to the queues: messages for the relay, and what may have been lost there. */
export const outboxRoutes: Routes = async (app, { db }) => {
  app.get(
    '/outbox',
    { schema: { operationId: 'listOutbox', querystring: z.object({ limit }), response: { 200: entries } } },
    async (request) => ({
      items: await listOutbox(db, request.query.limit),
    }),
  );

  app.get(
    '/outbox/unstarted',
    {
      schema: {
        operationId: 'listUnstarted',
        querystring: z.object({
          limit,
          after: identifier.optional().describe('Id of the last task of the page before'),
        }),
        response: { 200: entries },
      },
    },
    async (request) => ({ items: await listUnstarted(db, request.query) }),
  );

  app.get(
    '/outbox/untold',
    {
      schema: {
        operationId: 'listUntold',
        querystring: z.object({ limit, older_than_ms: z.coerce.number().int().min(0).max(86_400_000) }),
        response: { 200: z.object({ items: z.array(createdTask) }) },
      },
    },
    async (request) => ({ items: await listUntold(db, request.query) }),
  );
};
