import { z } from 'zod';
import type { MessageSchema } from './define-queue.js';

/** The object schema's fields; for a union, those of the option that the entry's discriminator selects. */
export function propertiesOf(schema: MessageSchema, raw: Record<string, string>): Record<string, z.core.$ZodType> {
  if (schema instanceof z.ZodObject) return schema.shape;
  const key = schema.def.discriminator;
  const option = schema.options.find((one) => {
    const field = one.shape[key] as z.ZodType | undefined;
    return field !== undefined && raw[key] !== undefined && field.safeParse(raw[key]).success;
  });
  return option?.shape ?? {};
}

/**
 * Decodes flat fields: strings are plain, other values are JSON. A value that cannot be parsed stays a string, which the
 * schema rejects. A field unknown to the schema is parsed if it looks like an object or a list.
 */
export function fromFlatFields(schema: MessageSchema, raw: Record<string, string>): Record<string, unknown> {
  const properties = propertiesOf(schema, raw);
  return Object.fromEntries(
    Object.entries(raw).map(([key, text]) => {
      const field = Object.hasOwn(properties, key) ? properties[key] : undefined;
      if (field !== undefined && isText(field)) return [key, text === 'null' && isNullable(field) ? null : text];
      if (field === undefined && !/^\s*[[{]/.test(text)) return [key, text];
      try {
        return [key, JSON.parse(text) as unknown];
      } catch {
        return [key, text];
      }
    }),
  );
}

/** Encodes a document as flat fields: strings plain, other values as JSON. */
export function toFlatFields(document: Record<string, unknown>): Record<string, string> {
  const fields = Object.entries(document);
  return Object.fromEntries(
    fields.map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
}

function isText(field: z.core.$ZodType): boolean {
  const inner = unwrap(field);
  if (inner instanceof z.ZodLiteral) return typeof inner.value === 'string';
  return inner instanceof z.ZodString || inner instanceof z.ZodEnum;
}

function isNullable(field: z.core.$ZodType): boolean {
  return (field as z.ZodType).safeParse(null).success;
}

function unwrap(field: z.core.$ZodType): z.core.$ZodType {
  return field instanceof z.ZodDefault || field instanceof z.ZodNullable || field instanceof z.ZodOptional
    ? unwrap(field.def.innerType)
    : field;
}
