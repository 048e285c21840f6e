import { problem } from '@codegen/contracts';
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { access } from './access.js';

const refusal = {
  description: 'A refusal, as a problem document (RFC 9457) with a stable code',
  content: { 'application/problem+json': { schema: z.toJSONSchema(problem, { io: 'output' }) } },
};

/** How the API describes itself: OpenAPI 3.1 from the routes' schemas and the access table. */
export const openapi: FastifyDynamicSwaggerOptions = {
  openapi: {
    openapi: '3.1.0',
    info: { title: 'Codegen orchestrator', version: '1', description: 'Projects, tasks and what became of them.' },
    components: { securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', bearerFormat: 'cgk_…' } } },
    security: [{ apiKey: [] }],
  },
  transform: (route) => {
    const transformed = jsonSchemaTransform(route);
    const schema = transformed.schema as typeof transformed.schema & { response?: Record<string, unknown> };
    if (schema.hide) return transformed;
    const needed = access[`${[route.route.method].flat()[0]} ${route.url.replace(/:(\w+)/g, '{$1}')}`];
    const isPublic = needed === undefined || needed === 'public';
    return {
      ...transformed,
      schema: {
        ...schema,
        response: { ...schema.response, default: refusal },
        ...(isPublic ? { security: [] } : { description: describeAccess(needed.scopes, needed.roles) }),
      },
    };
  },
};

function describeAccess(scopes: readonly string[], roles: readonly string[] | undefined): string {
  const scope = scopes.length === 0 ? 'Any key.' : `Scope ${scopes.join(' or ')}.`;
  return roles ? `${scope} For keys of the role ${roles.join(' or ')}.` : scope;
}
