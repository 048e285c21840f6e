import { whoami } from '@codegen/contracts';
import { sql } from 'kysely';
import { z } from 'zod';
import { callerOf } from '../auth.js';
import type { Routes } from './dependencies.js';

/** Whether the API and its database answer; and who the caller is. */
export const healthRoutes: Routes = async (app, { db }) => {
  app.get(
    '/health',
    { schema: { operationId: 'getHealth', response: { 200: z.object({ status: z.literal('ok') }) } } },
    async () => {
      await sql`select 1`.execute(db);
      return { status: 'ok' as const };
    },
  );

  app.get('/whoami', { schema: { operationId: 'whoami', response: { 200: whoami } } }, async (request) =>
    callerOf(request),
  );
};
