import { randomUUID } from 'node:crypto';
import { inRequestSpan, sayBack } from '@codegen/sdk/service';
import swagger from '@fastify/swagger';
import fastify, { type FastifyInstance } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { ApiError } from './api-error.js';
import { registerAuth } from './auth.js';
import { answerBroken, refuseIncomplete } from './broken-requests.js';
import { limitConnections } from './connections.js';
import { errorHandler } from './error-handler.js';
import { readJsonBody } from './json-body.js';
import { defaultLimits, type Limits, LOOK_MS } from './limits.js';
import { openapi } from './openapi.js';
import { refuseBrokenText, refuseUnknownFields } from './request-body.js';
import { apiKeyRoutes } from './routes/api-keys.js';
import type { Dependencies } from './routes/dependencies.js';
import { deploymentRoutes } from './routes/deployments.js';
import { eventRoutes } from './routes/events.js';
import { healthRoutes } from './routes/health.js';
import { outboxRoutes } from './routes/outbox.js';
import { projectRoutes } from './routes/projects.js';
import { secretRoutes } from './routes/secrets.js';
import { serverRoutes } from './routes/servers.js';
import { serviceRoutes } from './routes/services.js';
import { taskRunRoutes } from './routes/task-runs.js';
import { taskRoutes } from './routes/tasks.js';
import { userRoutes } from './routes/users.js';

/** Longer than the minute after which proxies let go of a connection, so that it is they who close it. */
const KEEP_ALIVE_MS = 65_000;
const REQUEST_ID = /^[\w.-]{1,100}$/;

/** Every route, with authentication, validation, problem documents and the OpenAPI description. */
export async function buildApp(deps: Dependencies, limits: Limits = defaultLimits): Promise<FastifyInstance> {
  const { headersMs, requestMs } = limits;
  const sendProblem = errorHandler(deps.logger);
  const app = fastify({
    // Such as a path that is no URL: no hook sees it.
    frameworkErrors: (error, request, reply) =>
      void sendProblem(error, request, reply.header('x-request-id', request.id)),
    requestTimeout: requestMs,
    connectionTimeout: limits.idleMs,
    keepAliveTimeout: Math.min(KEEP_ALIVE_MS, limits.idleMs),
    clientErrorHandler: answerBroken,
    http: {
      requireHostHeader: false,
      headersTimeout: headersMs,
      connectionsCheckingInterval: Math.min(LOOK_MS, headersMs),
    },
    routerOptions: { maxParamLength: 200 },
    exposeHeadRoutes: true,
    genReqId: (request) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
    },
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(sendProblem);
  app.setNotFoundHandler((request) => {
    throw new ApiError('NOT_FOUND', `there is no ${request.method} here; GET /openapi.json lists every route`);
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', readJsonBody);
  limitConnections(app, limits.connections);
  app.addHook('onRequest', async (request, reply) => void reply.header('x-request-id', request.id));
  refuseIncomplete(app);
  app.addHook('onResponse', async (request, reply) => {
    // Only what is named here is logged: no header, no body.
    const { method, url: route } = request.routeOptions;
    const ms = Math.round(reply.elapsedTime);
    const fields = { request_id: request.id, method, route, status: reply.statusCode, ms };
    deps.logger.debug({ ...fields, key: request.caller?.key.prefix }, 'request');
    // Who is let in was found in the database.
    if (request.caller && reply.statusCode < 500) sayBack(deps.logger, 'the database');
  });
  app.addHook('onRequest', (request, reply, done) => {
    const { id, method, headers } = request;
    inRequestSpan({ id, method, headers, route: request.routeOptions.url ?? 'unknown' }, (end) => {
      reply.raw.once('close', () => end(reply.statusCode));
      done();
    });
  });
  registerAuth(app, deps);
  app.addHook('preValidation', refuseBrokenText);
  app.addHook('onRoute', refuseUnknownFields);
  await app.register(swagger, openapi);
  const groups = [healthRoutes, userRoutes, apiKeyRoutes, projectRoutes, secretRoutes, taskRoutes, taskRunRoutes];
  for (const routes of [...groups, eventRoutes, outboxRoutes, serverRoutes, deploymentRoutes, serviceRoutes]) {
    await app.register(routes, deps);
  }
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  return app;
}
