import { z } from 'zod';
import type { Field } from './field.js';

/** The fields of a command's zod object, as the command line parses and shows them. */
export function fieldsOf({ shape }: z.ZodObject): Field[] {
  return Object.entries(shape).map(([name, schema]) => fieldOf(name, schema as z.ZodType));
}

function fieldOf(name: string, schema: z.ZodType): Field {
  const { description = '', tool: _, neededByTools: __, title: ___, id: ____, ...meta } = schema.meta() ?? {};
  const { inner, ...rest } = unwrap(schema);
  const item = inner instanceof z.ZodArray ? (inner.element as z.ZodType) : inner;
  return {
    name,
    ...kindOf(item),
    description,
    ...rest,
    ...(item !== inner && { multiple: true as const }),
    ...(meta as Partial<Field>),
  };
}

/** A schema without what says that its value may be missing. */
export function unwrap(schema: z.ZodType): { inner: z.ZodType; required?: true; preset?: unknown } {
  if (schema instanceof z.ZodOptional) return { inner: schema.unwrap() as z.ZodType };
  if (schema instanceof z.ZodDefault) return { inner: schema.unwrap() as z.ZodType, preset: schema.def.defaultValue };
  return { inner: schema, required: true };
}

function kindOf(schema: z.ZodType): Pick<Field, 'kind' | 'choices' | 'min' | 'max'> {
  if (schema instanceof z.ZodBoolean) return { kind: 'boolean' };
  if (schema instanceof z.ZodEnum) return { kind: 'text', choices: schema.options.map(String) };
  if (!(schema instanceof z.ZodNumber)) return { kind: 'text' };
  const { minValue, maxValue } = schema;
  return {
    kind: 'integer',
    ...(minValue !== null && minValue > Number.MIN_SAFE_INTEGER && { min: minValue }),
    ...(maxValue !== null && maxValue < Number.MAX_SAFE_INTEGER && { max: maxValue }),
  };
}
