import { createUser, user } from '@codegen/contracts';
import { mutate } from '../idempotency.js';
import * as users from '../store/users.js';
import type { Routes } from './dependencies.js';

/** People who own projects. */
export const userRoutes: Routes = async (app, deps) => {
  app.post(
    '/users',
    { schema: { operationId: 'createUser', body: createUser, response: { 201: user } } },
    async (request, reply) => {
      void reply.code(201);
      return mutate(deps, request, reply, (trx) => users.createUser(trx, request.body));
    },
  );
};
