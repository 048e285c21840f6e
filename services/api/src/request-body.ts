import { storableText } from '@codegen/contracts/storable';
import type { FastifyRequest, RouteOptions } from 'fastify';
import { z } from 'zod';
import { ApiError } from './api-error.js';
import { accessOf } from './auth.js';

/** What a mutation takes that says all in its path. */
const noBody = z.strictObject({}).nullish();
const MUTATIONS = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/**
 * Makes the body of a route refuse a field that nobody knows: a misspelt one would be without its effect, and unnoticed.
 * The contracts themselves ignore such fields, as the readers of messages must.
 */
export function refuseUnknownFields(route: RouteOptions): void {
  if (!MUTATIONS.has(String(route.method))) return;
  const body = route.schema?.body;
  route.schema = { ...route.schema, body: body instanceof z.ZodObject ? strict(body) : noBody };
}

/**
 * Refuses a body with a text that cannot be stored to the letter. Not where services tell of work that is done, whose
 * texts come from outside: those are mended.
 */
export async function refuseBrokenText({ body, routeOptions: { method, url } }: FastifyRequest): Promise<void> {
  if (body == null || url === undefined) return;
  const needed = accessOf([method].flat()[0] ?? '', url);
  if (needed !== 'public' && needed.roles?.includes('service')) return;
  const path = brokenText(body);
  if (path === undefined) return;
  const message = 'holds a NUL character or a broken surrogate pair: remove it';
  throw new ApiError('VALIDATION_FAILED', `${path}: ${message}`, { errors: [{ path, message }] });
}

/** Where a text is that `storable` would change. */
function brokenText(value: unknown, path = ''): string | undefined {
  if (typeof value === 'string') return storableText(value) === value ? undefined : path;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    const found = brokenText(inner, path === '' ? name : `${path}.${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What a schema was made of, by refining it or by having it refuse more. */
export function originOf(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  return strictOf.get(schema) ?? schema._zod.parent;
}

const strictOf = new WeakMap<z.core.$ZodType, z.core.$ZodType>();

function strict(body: z.ZodObject): z.ZodObject {
  const made = body.strict();
  strictOf.set(made, body);
  return made;
}

/** The fields that the body of a route may have. */
export function knownFields(body: unknown): string[] {
  return body instanceof z.ZodObject ? Object.keys(body.shape) : [];
}

/** Whether a route has no body to describe. */
export function takesNoBody(body: unknown): boolean {
  return body === noBody;
}
