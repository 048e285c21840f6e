import type { RouteOptions } from 'fastify';
import { z } from 'zod';

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
