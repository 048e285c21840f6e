import { describe, expect, test } from 'vitest';
import { decodeEntry, type EntryFields, type ModelName, models, queues } from '../../src/index.js';
import { readFixture } from '../fixtures.js';

interface Valid {
  model: ModelName;
  json: unknown;
  text: string;
}
interface Invalid {
  model: ModelName;
  why: string;
  path: string;
  json: unknown;
}
interface Legacy {
  model: ModelName;
  form: string;
  entry: EntryFields;
  json: Record<string, unknown>;
}

const valid = readFixture<Valid[]>('vectors/valid.json');
const invalid = readFixture<Invalid[]>('vectors/invalid.json');
const legacy = readFixture<Legacy[]>('vectors/legacy-entries.json');

describe('messages of Python peers', () => {
  test.each(valid.map((vector, i) => ({ ...vector, i })))(
    '$model $i is read without a change',
    ({ model, json, text }) => {
      const parsed = models[model].parse(json);
      expect(parsed).toEqual(json);
      expect(JSON.stringify(parsed)).toBe(text);
    },
  );
});

describe('messages that Python peers reject', () => {
  test('cover every message of the original design', () => {
    expect(new Set(invalid.map(({ model }) => model)).size).toBe(18);
  });

  test.each(invalid.map((vector, i) => ({ ...vector, i })))('$model $i is rejected: $why', ({ model, path, json }) => {
    const issues = models[model].safeParse(json).error?.issues ?? [];
    // Or below the path: an empty object is rejected for its missing fields.
    const paths = issues.map((issue) => issue.path.join('.'));
    expect(paths.filter((found) => found === path || found.startsWith(`${path}.`))).not.toEqual([]);
  });
});

describe('entries of older peers', () => {
  test.each(legacy)('$model, $form, is decoded', ({ model, form, entry, json }) => {
    const contract = queues.find((queue) => queue.model === model);
    const decoded = decodeEntry(contract as NonNullable<typeof contract>, entry);
    expect(decoded).toMatchObject({ ok: true, message: json, legacy: form !== 'wrapped' });
  });
});
