import { z } from 'zod';

/** One field of a schema, at any depth. */
export interface SchemaField {
  /** With dots between levels; `[]` is an item of a list, `{}` a value of a map. */
  path: string;
  field: z.core.$ZodType;
}

/** All fields of an object schema, at any depth. A union has the fields of each option. */
export function fieldsOf(schema: z.core.$ZodType, path = ''): SchemaField[] {
  if (schema instanceof z.ZodObject) {
    return Object.entries(schema.shape as Record<string, z.core.$ZodType>).flatMap(([name, field]) => {
      const here = path === '' ? name : `${path}.${name}`;
      return [{ path: here, field }, ...fieldsOf(field, here)];
    });
  }
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => fieldsOf(option, path));
  if (schema instanceof z.ZodArray) return fieldsOf(schema.def.element, `${path}[]`);
  if (schema instanceof z.ZodRecord) return fieldsOf(schema.def.valueType, `${path}{}`);
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodNullable || schema instanceof z.ZodOptional) {
    return fieldsOf(schema.def.innerType, path);
  }
  return [];
}
