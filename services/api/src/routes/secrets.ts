import {
  identifier,
  isReleaseVariable,
  parseReference,
  putSecret,
  RELEASE_VARIABLES,
  resolvedSecret,
  resolveSecret,
  secret,
  secretName,
} from '@codegen/contracts';
import { z } from 'zod';
import { ApiError } from '../api-error.js';
import { callerOf } from '../auth.js';
import { OUTBOX } from '../changes.js';
import { mutate } from '../idempotency.js';
import { findProject } from '../store/projects.js';
import * as secrets from '../store/secrets.js';
import { wakeWaiting } from '../store/tasks.js';
import type { Routes } from './dependencies.js';

const params = z.object({ project: identifier, name: secretName });
const newParams = params.extend({
  name: secretName.refine((name) => !isReleaseVariable(name), {
    error: `must be another name: every release is told ${RELEASE_VARIABLES.join(', ')}, and no secret decides what it loads`,
  }),
});

/** Secrets of a project: anyone who owns it writes them, only services that need a value read it. */
export const secretRoutes: Routes = async (app, deps) => {
  app.put(
    '/projects/:project/secrets/:name',
    { schema: { operationId: 'putSecret', params: newParams, body: putSecret, response: { 200: secret } } },
    async (request, reply) => {
      const put = await mutate(deps, request, reply, async (trx) => {
        const { id } = await findProject(trx, callerOf(request), request.params.project);
        await wakeWaiting(trx, id);
        return secrets.putSecret(trx, deps.vault, id, request.params.name, request.body.value);
      });
      deps.changes.notify(OUTBOX);
      return put;
    },
  );

  app.get(
    '/projects/:project/secrets',
    {
      schema: {
        operationId: 'listSecrets',
        params: z.object({ project: identifier }),
        response: { 200: z.object({ items: z.array(secret) }) },
      },
    },
    async (request) => {
      const { id } = await findProject(deps.db, callerOf(request), request.params.project);
      return { items: await secrets.listSecrets(deps.db, id) };
    },
  );

  app.delete(
    '/projects/:project/secrets/:name',
    { schema: { operationId: 'deleteSecret', params, response: { 204: z.null() } } },
    async (request, reply) => {
      await mutate(deps, request, reply, async (trx) => {
        const { id } = await findProject(trx, callerOf(request), request.params.project);
        if (await secrets.deleteSecret(trx, id, request.params.name)) return;
        throw new ApiError('NOT_FOUND', `the project has no secret ${request.params.name}; list them to see the names`);
      });
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/secrets/resolve',
    { schema: { operationId: 'resolveSecret', body: resolveSecret, response: { 200: resolvedSecret } } },
    async (request) => {
      const reference = parseReference(request.body.reference);
      if (reference?.kind !== 'vault') {
        throw new ApiError('VALIDATION_FAILED', 'reference must be vault:project/<id> or vault:project/<id>/NAME');
      }
      if (reference.scope === 'platform') {
        throw new ApiError('NOT_FOUND', `there is no platform secret ${reference.name}`);
      }
      const { id } = await findProject(deps.db, callerOf(request), reference.projectId);
      const values = await secrets.openSecrets(deps.db, deps.vault, id, reference.name);
      if (reference.name !== undefined && !Object.hasOwn(values, reference.name)) {
        throw new ApiError('NOT_FOUND', `the project has no secret ${reference.name}: set it, then try again`);
      }
      return { values };
    },
  );
};
