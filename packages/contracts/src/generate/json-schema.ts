import { z } from 'zod';

/** A JSON Schema document, or a part of one. */
export type JsonSchema = Record<string, unknown>;

interface Overridden {
  zodSchema: z.core.$ZodTypes;
  jsonSchema: JsonSchema;
}

/** A default that is made anew each time: a UUID, the time of day. */
const MADE_ANEW = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$|^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/;

/** What zod leaves out or cannot know: a default that is made anew is no constant, and a union is told by its field. */
function amend({ zodSchema, jsonSchema }: Overridden): void {
  if (typeof jsonSchema.default === 'string' && MADE_ANEW.test(jsonSchema.default)) delete jsonSchema.default;
  if (zodSchema instanceof z.ZodDiscriminatedUnion) {
    jsonSchema.type = 'object';
    jsonSchema.required = [zodSchema.def.discriminator];
  }
}

/** What a producer must send, as JSON Schema 2020-12 that stands alone. Fields with a default may be left out. */
export function jsonSchemaOf(name: string, schema: z.ZodType): JsonSchema {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input', override: amend });
  return { $schema, title: name, ...rest };
}

/** The same as draft-07, which AsyncAPI speaks; a model that is part of another stands there as a reference. */
export function sharedSchemasOf(models: Readonly<Record<string, z.ZodType>>): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(models)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, {
    io: 'input',
    target: 'draft-07',
    uri: (id) => `#/components/schemas/${id}`,
    override: amend,
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $schema: _, $id: __, id: ___, ...schema }]) => [
      name,
      { title: name, ...schema },
    ]),
  );
}
