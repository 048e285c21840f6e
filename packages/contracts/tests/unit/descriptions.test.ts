import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { dtos, models } from '../../src/index.js';
import { fieldsOf } from '../schema-fields.js';

/** Paths of the fields without a description; the empty path is the schema itself. */
function undescribed(schema: z.ZodType): string[] {
  const all = [{ path: '', field: schema }, ...fieldsOf(schema)];
  return all.filter(({ field }) => (z.globalRegistry.get(field)?.description ?? '').length < 8).map(({ path }) => path);
}

describe('every field has a description', () => {
  test.each(Object.entries({ ...models, ...dtos }))('in %s', (_, schema) => {
    expect(undescribed(schema)).toEqual([]);
  });

  test('a field without one is found at any depth', () => {
    const inner = z.object({ name: z.string().describe('The name of it'), silent: z.int() });
    const schema = z.object({
      list: z.array(inner).describe('A list of them'),
      map: z.record(z.string(), inner.nullable()).optional().describe('A map of them'),
      either: z.union([inner, z.object({ mute: z.string().describe('?') })]).default({ mute: '' }),
    });
    expect(undescribed(schema)).toEqual([
      '',
      'list[].silent',
      'map{}.silent',
      'either',
      'either.silent',
      'either.mute',
    ]);
  });

  test('no message and DTO share a name', () => {
    expect(Object.keys(models).filter((name) => name in dtos)).toEqual([]);
  });
});
