import { sayAway } from '@codegen/sdk/service';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { ApiError } from './api-error.js';
import { isDatabaseAway } from './database/availability.js';
import type { Logger } from './logger.js';
import { knownFields } from './request-body.js';

/** Text the database cannot hold: a NUL character, or half of a surrogate pair. */
const UNSTORABLE_TEXT = new Set(['22021', '22P05']);

/** As PostgreSQL calls it. */
const DISK_FULL = '53100';

/** A value that its column, an index or jsonb does not hold: too large, out of range, no such date. */
const TOO_MUCH = /^(54|22)/;

/** Sends every failure as a problem document. What is not a refusal is logged with the request id and told to nobody. */
export function errorHandler(logger: Logger) {
  return (error: FastifyError | Error, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const refusal = toApiError(error, request);
    if (refusal.code === 'INTERNAL') {
      const cause = error.cause instanceof Error ? error.cause.message : undefined;
      const fields = { request_id: request.id, route: request.routeOptions.url, err: error.stack, cause };
      logger.error(fields, 'request failed');
    } else if (refusal.code === 'API_UNAVAILABLE') {
      sayAway(logger, 'the database', error, `request ${request.id} is refused`);
    } else if (refusal.code === 'DISK_FULL') {
      logger.error({ request_id: request.id, err: error.message }, 'the disk of the database is full');
    }
    if (refusal.extra.retryAfterSeconds) void reply.header('retry-after', String(refusal.extra.retryAfterSeconds));
    if (refusal.code === 'UNAUTHENTICATED') void reply.header('www-authenticate', 'Bearer');
    return reply
      .code(refusal.status)
      .type('application/problem+json')
      .serializer((document: unknown) => JSON.stringify(document))
      .send(refusal.toProblem(request.id));
  };
}

function toApiError(error: FastifyError | Error, request: FastifyRequest): ApiError {
  if (error instanceof ApiError) return error;
  if (hasZodFastifySchemaValidationErrors(error)) {
    // Of a long list that is wrong throughout, the first ones say enough.
    const errors = error.validation
      .slice(0, 100)
      .flatMap(({ instancePath, message = 'is invalid', keyword, params }) => {
        const path = instancePath.replace(/^\//, '').replaceAll('/', '.');
        if (keyword !== 'unrecognized_keys') return [{ path, message }];
        const unknown = (params as { keys: string[] }).keys.slice(0, 100);
        return unknown.map((key) => ({
          path: [path, key].filter(Boolean).join('.'),
          message: 'no such field is known',
        }));
      });
    const first = errors[0];
    const detail = `${first?.path || `the ${error.validationContext ?? 'request'}`}: ${first?.message}`;
    const hasUnknown = error.validation.some(({ keyword }) => (keyword as string) === 'unrecognized_keys');
    const choices = hasUnknown ? knownFields(request.routeOptions.schema?.body) : undefined;
    return new ApiError('VALIDATION_FAILED', detail, { errors, ...(choices && { choices }) });
  }
  if (isDatabaseAway(error)) {
    return new ApiError('API_UNAVAILABLE', 'the database is away; try again in a moment', { retryAfterSeconds: 2 });
  }
  const code = (error as { code?: string }).code ?? '';
  if (code === DISK_FULL) {
    const detail = 'the disk of the database is full: make room there; the call is good again then';
    return new ApiError('DISK_FULL', detail, { retryAfterSeconds: 5 });
  }
  if (UNSTORABLE_TEXT.has(code)) {
    return new ApiError('VALIDATION_FAILED', 'the text holds a NUL character or a broken surrogate pair: remove it');
  }
  if (TOO_MUCH.test(code)) {
    return new ApiError('VALIDATION_FAILED', `the database cannot hold so much: ${error.message}`);
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new ApiError('VALIDATION_FAILED', 'send the body as content-type application/json', { status: 415 });
  }
  const status = (error as { statusCode?: number }).statusCode ?? 500;
  if (status >= 400 && status < 500) return new ApiError('VALIDATION_FAILED', error.message, { status });
  return new ApiError('INTERNAL', `something went wrong here; quote the request id ${request.id} when reporting it`);
}
