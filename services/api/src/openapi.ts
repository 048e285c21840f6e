import { deployMessage, dtos, engineeringMessage, progressEvent } from '@codegen/contracts';
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { access } from './access.js';
import { originOf, takesNoBody } from './request-body.js';

const refusal = {
  description: 'A refusal, as a problem document (RFC 9457) with a stable code',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

const idempotencyKey = z.toJSONSchema(
  z.object({
    'Idempotency-Key': z
      .string()
      .max(200)
      .optional()
      .describe('The same call with the same key happens once, for a day'),
  }),
);

/** The models by the names that the contracts give them. Queries are no components: each of their fields is a parameter. */
const schemaRegistry = z.registry<{ id: string }>();
const messages = { DeployMessage: deployMessage, EngineeringMessage: engineeringMessage, ProgressEvent: progressEvent };
for (const [id, schema] of Object.entries({ ...dtos, ...messages })) {
  if (!id.endsWith('Query')) schemaRegistry.add(schema, { id });
}

const describeRoute = createJsonSchemaTransform({ schemaRegistry });
const describeModels = createJsonSchemaTransformObject({ schemaRegistry });

/** How the API describes itself: OpenAPI 3.1 from the routes' schemas and the access table. */
export const openapi: FastifyDynamicSwaggerOptions = {
  openapi: {
    openapi: '3.1.0',
    info: { title: 'Codegen orchestrator', version: '1', description: 'Projects, tasks and what became of them.' },
    components: { securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', bearerFormat: 'cgk_…' } } },
    security: [{ apiKey: [] }],
  },
  transform: (route) => {
    const { body, ...described } = route.schema ?? {};
    const whole = takesNoBody(body)
      ? described
      : { ...described, ...(body instanceof z.ZodType && { body: named(body) }) };
    const transformed = describeRoute({ ...route, schema: whole });
    const schema = transformed.schema as typeof transformed.schema & { response?: Record<string, unknown> };
    if (schema.hide) return transformed;
    const needed = access[`${[route.route.method].flat()[0]} ${route.url.replace(/:(\w+)/g, '{$1}')}`];
    const isPublic = needed === undefined || needed === 'public';
    return {
      ...transformed,
      schema: {
        ...schema,
        ...(route.route.method !== 'GET' && { headers: idempotencyKey }),
        response: { ...schema.response, default: refusal },
        ...(isPublic ? { security: [] } : { description: describeAccess(needed.scopes, needed.roles) }),
      },
    };
  },
  transformObject: (document) => withUsedModels(describeModels(document) as Described),
};

function describeAccess(scopes: readonly string[], roles: readonly string[] | undefined): string {
  const scope = scopes.length === 0 ? 'Any key.' : `Scope ${scopes.join(' or ')}.`;
  return roles ? `${scope} For keys of the role ${roles.join(' or ')}.` : scope;
}

/** The contracts' own model that a body was made of; the body itself, where there is none. */
function named(body: z.core.$ZodType): z.core.$ZodType {
  let schema: z.core.$ZodType | undefined = body;
  while (schema && !schemaRegistry.get(schema)?.id) schema = originOf(schema);
  return schema ?? body;
}

interface Body {
  content?: { 'application/json'?: { schema?: { $ref?: string } } };
}

interface Described {
  paths?: Record<string, object>;
  components?: { schemas?: Record<string, unknown> };
}

const REFERENCE = /"#\/components\/schemas\/(\w+)"/g;

/**
 * Leaves out the models that no route speaks of. One that is only taken in has its own name, without the "Input" that
 * tells it from the one that is given out: there a field with a default is always present.
 */
function withUsedModels(document: Described): Described {
  const all = document.components?.schemas ?? {};
  const used = new Set<string>();
  const follow = (part: unknown): void => {
    for (const [, name = ''] of JSON.stringify(part ?? null).matchAll(REFERENCE)) {
      if (used.has(name)) continue;
      used.add(name);
      follow(all[name]);
    }
  };
  follow(document.paths);
  const shown = (name: string) => {
    const own = name.replace(/Input$/, '');
    return used.has(own) ? name : own;
  };
  const operations = Object.values(document.paths ?? {}).flatMap((path) => Object.values(path));
  const bodies = new Set(
    operations.map(
      ({ requestBody }: { requestBody?: Body }) => requestBody?.content?.['application/json']?.schema?.$ref,
    ),
  );
  const schemas = Object.fromEntries(
    [...used].sort().map((name) => {
      const isBody = bodies.has(`#/components/schemas/${name}`);
      return [shown(name), { ...(all[name] as object), ...(isBody && { additionalProperties: false }) }];
    }),
  );
  const whole = JSON.stringify({ ...document, components: { ...document.components, schemas } });
  return JSON.parse(whole.replace(REFERENCE, (_, name: string) => `"#/components/schemas/${shown(name)}"`));
}
