import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { dtos, models } from '../../src/index.js';
import { fieldsOf } from '../schema-fields.js';

/** Paths of the fields that nobody has described; the empty one is the schema itself. */
function undescribed(schema: z.ZodType): string[] {
  const all = [{ path: '', field: schema }, ...fieldsOf(schema)];
  return all.filter(({ field }) => (z.globalRegistry.get(field)?.description ?? '').length < 8).map(({ path }) => path);
}

describe('every field says what it means', () => {
  test.each(Object.entries({ ...models, ...dtos }))('in %s', (_, schema) => {
    expect(undescribed(schema)).toEqual([]);
  });

  test('and one that does not is found, however deep it is', () => {
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

  test('no name is that of a message and of a DTO', () => {
    expect(Object.keys(models).filter((name) => name in dtos)).toEqual([]);
  });
});
