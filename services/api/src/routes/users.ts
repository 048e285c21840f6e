import { createUser, identifier, pageOf, pageQuery, user } from '@codegen/contracts';
import { z } from 'zod';
import { ApiError } from '../api-error.js';
import { callerOf } from '../auth.js';
import { mutate } from '../idempotency.js';
import { toPage } from '../store/pages.js';
import * as users from '../store/users.js';
import type { Routes } from './dependencies.js';

const params = z.object({ id: identifier });

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

  app.get(
    '/users',
    { schema: { operationId: 'listUsers', querystring: pageQuery, response: { 200: pageOf(user) } } },
    async ({ query }) => toPage(await users.listUsers(deps.db, { ...query, limit: query.limit + 1 }), query.limit),
  );

  app.post(
    '/users/:id/disable',
    { schema: { operationId: 'disableUser', params, response: { 200: user } } },
    async (request, reply) => {
      const { id } = request.params;
      if (id === callerOf(request).user.id) {
        throw new ApiError('CONFLICT', `${id} is you: have another administrator disable you`);
      }
      return mutate(deps, request, reply, (trx) => users.disableUser(trx, id), { again: true });
    },
  );

  app.post(
    '/users/:id/enable',
    { schema: { operationId: 'enableUser', params, response: { 200: user } } },
    async (request, reply) =>
      mutate(deps, request, reply, (trx) => users.enableUser(trx, request.params.id), { again: true }),
  );
};
