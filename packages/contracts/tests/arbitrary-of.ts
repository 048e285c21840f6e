import fc, { type Arbitrary } from 'fast-check';
import { z } from 'zod';
import { wireDatetime } from '../src/index.js';

/** Arbitraries that replace the derived ones for certain schemas. */
export type Overrides = ReadonlyMap<z.core.$ZodType, Arbitrary<unknown>>;

/**
 * Documents that a message schema accepts, in the forms that peers write: fields with a default are sometimes missing,
 * integers reach 2^53 - 1, strings cover Unicode, datetimes have no zone, UTC or another zone.
 * @throws {TypeError} for a kind of schema that no message uses yet
 */
export function arbitraryOf<S extends z.ZodType>(schema: S, overrides: Overrides = new Map()): Arbitrary<z.input<S>> {
  return anyOf(schema, overrides) as Arbitrary<z.input<S>>;
}

function anyOf(schema: z.core.$ZodType, overrides: Overrides): Arbitrary<unknown> {
  const of = (inner: z.core.$ZodType) => anyOf(inner, overrides);
  const override = overrides.get(schema);
  if (override) return override;
  if (schema instanceof z.ZodObject) return objectOf(schema, overrides);
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const key = schema.def.discriminator;
    return fc.oneof(...schema.options.map((option) => objectOf(option as z.ZodObject, overrides, key)));
  }
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) return of(schema.def.innerType);
  if (schema instanceof z.ZodNullable) return fc.option(of(schema.def.innerType), { freq: 3 });
  if (schema instanceof z.ZodArray) return fc.array(of(schema.def.element), { maxLength: 5 });
  if (schema instanceof z.ZodRecord) {
    return fc.dictionary(recordKey, of(schema.def.valueType), { maxKeys: 5, noNullPrototype: true });
  }
  if (schema instanceof z.ZodEnum) return fc.constantFrom(...schema.options);
  if (schema instanceof z.ZodLiteral) return fc.constantFrom(...schema.values);
  if (schema instanceof z.ZodBoolean) return fc.boolean();
  if (schema instanceof z.ZodNumber) return numberOf(schema);
  if (schema instanceof z.ZodString)
    return schema.meta()?.pattern === wireDatetime.meta()?.pattern ? anyDatetime : anyText;
  throw new TypeError(`no arbitrary for a ${schema._zod.def.type}: add it here`);
}

/** Omits optional fields at random, except `always`. */
function objectOf(schema: z.ZodObject, overrides: Overrides, always?: string): Arbitrary<object> {
  const fields = Object.entries(schema.shape);
  const arbitraries = Object.fromEntries(fields.map(([name, field]) => [name, anyOf(field, overrides)]));
  const required = fields.filter(([name, field]) => name === always || !isOptional(field)).map(([name]) => name);
  return fc.record(arbitraries, { requiredKeys: required, noNullPrototype: true });
}

function isOptional(field: z.core.$ZodType): boolean {
  return field instanceof z.ZodDefault || field instanceof z.ZodOptional;
}

function numberOf(schema: z.ZodNumber): Arbitrary<number> {
  // JSON has no negative zero.
  if (!schema.isInt) return fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0 || 0);
  const min = Math.max(schema.minValue ?? -Infinity, Number.MIN_SAFE_INTEGER);
  const max = Math.min(schema.maxValue ?? Infinity, Number.MAX_SAFE_INTEGER);
  const edges = [0, 1, -1, 2 ** 31, 2 ** 32 + 1, 7123456789, Number.MAX_SAFE_INTEGER, min, max];
  return fc.oneof(fc.integer({ min, max }), fc.constantFrom(...edges.filter((value) => value >= min && value <= max)));
}

/** Any text: all of Unicode, and text that may be mistaken for something else. */
export const anyText: Arbitrary<string> = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom(
    '',
    ' ',
    '17',
    'true',
    '{"a":1}',
    '"',
    '\\ud800',
    '👩‍🚀 𝒜 é ß 漢 \u{10ffff}',
    '\0',
    '\u2028\r\n\t',
    '\ufffd',
  ),
);

// A field named `__proto__` is dropped by zod; the names of secrets are rejected.
const recordKey = anyText.filter((key) => !/^(__proto__|github_token|secrets)$/i.test(key));

/** Datetimes as peers write them: no zone and microseconds, UTC, other zones, no fraction. */
const anyDatetime: Arbitrary<string> = fc
  .record({
    at: fc.date({ min: new Date('0001-01-03T00:00:00Z'), max: new Date('9999-12-29T00:00:00Z'), noInvalidDate: true }),
    fraction: fc.oneof(
      fc.constant(''),
      fc.integer({ min: 0, max: 999_999 }).map((micros) => `.${String(micros).padStart(6, '0')}`),
      fc.integer({ min: 0, max: 999 }).map((millis) => `.${String(millis).padStart(3, '0')}`),
    ),
    zone: fc.constantFrom('', 'Z', '+00:00', '+03:00', '-09:30', '+14:00'),
  })
  .map(({ at, fraction, zone }) => `${at.toISOString().slice(0, 19)}${fraction}${zone}`);
