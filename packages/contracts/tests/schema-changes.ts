import { z } from 'zod';

/** A schema with one incompatible change in it. */
export interface SchemaChange {
  /** Path of the field, with dots between levels, and the change. */
  change: string;
  schema: z.ZodType;
}

/** All incompatible changes of one field, at any depth. */
export function changesOf(schema: z.ZodType, path = ''): SchemaChange[] {
  const inside = (inner: z.ZodType, where: string, around: (changed: z.ZodType) => z.ZodType) =>
    changesOf(inner, where).map(({ change, schema: changed }) => ({ change, schema: around(changed) }));

  if (schema instanceof z.ZodObject) {
    const at = path === '' ? '' : `${path}.`;
    const added = { change: `${at}* a new required field`, schema: schema.extend({ brand_new: z.string() }) };
    const fields = Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([name, field]) => {
      const { [name]: _, ...others } = schema.shape;
      return [
        { change: `${at}${name} removed`, schema: z.object(others) },
        { change: `${at}${name} renamed`, schema: z.object({ ...others, [`${name}_2`]: field }) },
        ...inside(field, `${at}${name}`, (changed) => schema.extend({ [name]: changed })),
      ];
    });
    return [added, ...fields];
  }
  if (schema instanceof z.ZodDiscriminatedUnion) {
    // A document always contains the discriminator, so its default in the option has no effect.
    const defaultOfName = new RegExp(`\\.${schema.def.discriminator} (without default|optional)$`);
    return schema.options
      .flatMap((option, i) => inside(option as z.ZodType, `${path}${i}`, (changed) => unionWith(schema, i, changed)))
      .filter(({ change }) => !defaultOfName.test(change));
  }
  if (schema instanceof z.ZodOptional) {
    const inner = schema.unwrap() as z.ZodType;
    return [{ change: `${path} required`, schema: inner }, ...inside(inner, path, (changed) => changed.optional())];
  }
  if (schema instanceof z.ZodNullable) {
    const inner = schema.unwrap() as z.ZodType;
    return [{ change: `${path} not null`, schema: inner }, ...inside(inner, path, (changed) => changed.nullable())];
  }
  if (schema instanceof z.ZodDefault) {
    const inner = schema.unwrap() as z.ZodType;
    const value = schema.def.defaultValue;
    return [
      { change: `${path} without default`, schema: inner },
      { change: `${path} optional`, schema: inner.optional() },
      ...inside(inner, path, (changed) => changed.default(value as never)),
    ];
  }
  if (schema instanceof z.ZodArray) {
    const items = inside(schema.element as z.ZodType, `${path}[]`, (changed) => z.array(changed));
    return [otherType(schema, path), ...items];
  }
  if (schema instanceof z.ZodRecord) {
    const values = inside(schema.valueType as z.ZodType, `${path}{}`, (changed) => z.record(z.string(), changed));
    return [otherType(schema, path), ...values];
  }
  if (schema instanceof z.ZodEnum) {
    const options = schema.options as string[];
    return [
      otherType(schema, path),
      ...options.map((option) => ({ change: `${path} without ${option}`, schema: schema.exclude([option]) })),
    ];
  }
  if (schema instanceof z.ZodNumber && schema.isInt) {
    const { minValue, maxValue } = schema;
    return [
      otherType(schema, path),
      { change: `${path} with a higher minimum`, schema: schema.min((minValue as number) + 1) },
      { change: `${path} with a lower maximum`, schema: schema.max((maxValue as number) - 1) },
    ];
  }
  return [otherType(schema, path)];
}

function otherType(schema: z.ZodType, path: string): SchemaChange {
  const isText = schema instanceof z.ZodString || schema instanceof z.ZodEnum || schema instanceof z.ZodLiteral;
  return { change: `${path} of another type`, schema: isText ? z.number() : z.string() };
}

/** The union with one option replaced; without a valid discriminator it accepts nothing. */
function unionWith(union: z.ZodDiscriminatedUnion, at: number, option: z.ZodType): z.ZodType {
  try {
    return z.discriminatedUnion(union.def.discriminator, union.options.with(at, option as never) as never);
  } catch {
    return z.never();
  }
}
