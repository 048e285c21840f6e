import { z } from 'zod';

/** A JSON Schema document, or a part of one. */
export type JsonSchema = Record<string, unknown>;

interface Overridden {
  zodSchema: z.core.$ZodTypes;
  jsonSchema: JsonSchema;
}

/** A default that is generated for each message: a UUID or the current time. */
const GENERATED = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$|^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/;

/** Corrects zod's output: a generated default is not a constant, and a union requires its discriminator. */
function amend({ zodSchema, jsonSchema }: Overridden): void {
  if (typeof jsonSchema.default === 'string' && GENERATED.test(jsonSchema.default)) delete jsonSchema.default;
  if (zodSchema instanceof z.ZodDiscriminatedUnion) {
    jsonSchema.type = 'object';
    jsonSchema.required = [zodSchema.def.discriminator];
  }
}

/** Self-contained JSON Schema 2020-12 of what producers send. Fields with a default are optional. */
export function jsonSchemaOf(name: string, schema: z.ZodType): JsonSchema {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input', override: amend });
  return { $schema, title: name, ...rest };
}

/** The same as draft-07, which AsyncAPI uses; a model inside another becomes a reference. */
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
