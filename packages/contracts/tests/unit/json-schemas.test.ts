import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { dtos, type ModelName, models } from '../../src/index.js';
import { corpusOf } from '../corpus.js';
import { readFixture } from '../fixtures.js';

interface Vector {
  model: ModelName;
  json: unknown;
}
interface InvalidVector extends Vector {
  why: string;
  path: string;
}

const valid = readFixture<Vector[]>('vectors/valid.json');
const invalid = readFixture<InvalidVector[]>('vectors/invalid.json');
const vectorModels = [...new Set(valid.map(({ model }) => model))];

// Strict: an unknown keyword or format is an error, and a date-time is RFC 3339.
const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/i;
const ajv = new Ajv2020({ strict: true, strictRequired: true, formats: { 'date-time': RFC_3339 } });
const validators = new Map<string, ValidateFunction>();

function schemaOf(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(new URL(`../../schemas/${name}.json`, import.meta.url), 'utf8'));
}

function accepts(name: string, document: unknown): boolean {
  const validate = validators.get(name) ?? ajv.compile(schemaOf(name));
  validators.set(name, validate);
  return validate(document);
}

describe('the JSON Schemas', () => {
  test.each(Object.keys({ ...models, ...dtos }))('%s is a draft 2020-12 schema and allows unknown fields', (name) => {
    const schema = schemaOf(name);
    expect(schema).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema', title: name });
    expect(ajv.validateSchema(schema)).toBe(true);
    expect(JSON.stringify(schema)).not.toContain('"additionalProperties":false');
  });

  test.each(vectorModels)('%s accepts what the Python peers emit, also with an unknown field', (name) => {
    for (const { json } of valid.filter(({ model }) => model === name)) {
      expect(accepts(name, json), JSON.stringify(json)).toBe(true);
      expect(accepts(name, { ...(json as object), added_later: [1] })).toBe(true);
    }
  });

  test.each([...new Set(invalid.map(({ model }) => model))])('%s rejects what the Python peers reject', (name) => {
    const accepted = invalid.filter(({ model, json }) => model === name && accepts(name, json));
    expect(accepted.map(({ why }) => why)).toEqual([]);
  });

  test.each(Object.keys(models))('%s accepts every document of the corpus', (name) => {
    const refused = corpusOf(name).filter(({ document }) => !accepts(name, document));
    expect(refused.map((one) => one.name)).toEqual([]);
  });

  test('a field with a default is optional in every message', () => {
    const command = { request_id: 'r', worker_id: 'w' };
    expect(accepts('DeleteWorkerCommand', command)).toBe(true);
    expect(accepts('EngineeringMessage', { task_id: 't', project_id: 'p', user_id: 1 })).toBe(true);
    expect(accepts('EngineeringMessage', { task_id: 't', project_id: 'p' })).toBe(false);
  });

  test('a command of a union requires its discriminator', () => {
    const command = { request_id: 'r', worker_id: 'w' };
    expect(accepts('WorkerCommand', { ...command, command: 'delete' })).toBe(true);
    expect(accepts('WorkerCommand', { ...command, command: 'status' })).toBe(true);
    expect(accepts('WorkerCommand', command)).toBe(false);
    expect(
      accepts('WorkerCommand', {
        request_id: 'r',
        config: { name: 'w', agent: 'custom', capabilities: [], env_vars: {} },
      }),
    ).toBe(false);
  });

  test('an integer is within the safe range, a datetime matches the pattern', () => {
    const task = { task_id: 't', project_id: 'p', user_id: Number.MAX_SAFE_INTEGER };
    expect(accepts('EngineeringMessage', task)).toBe(true);
    expect(accepts('EngineeringMessage', { ...task, user_id: 2 ** 53 })).toBe(false);
    expect(accepts('EngineeringMessage', { ...task, timestamp: '2026-01-10T12:00:00.123456' })).toBe(true);
    for (const timestamp of [
      '2026-01-10',
      '2026-13-10T12:00:00',
      '2026-01-10T24:00:00Z',
      '2026-01-10T12:00:00+24:00',
    ]) {
      expect(accepts('EngineeringMessage', { ...task, timestamp }), timestamp).toBe(false);
    }
  });

  test('cannot express which days exist, or that a plain-text secret is invalid', () => {
    const task = { task_id: 't', project_id: 'p', user_id: 1 };
    for (const beyond of [{ timestamp: '2026-02-30T12:00:00Z' }, { secrets: 'ghp_plain' }]) {
      expect(accepts('EngineeringMessage', { ...task, ...beyond })).toBe(true);
    }
    expect(models.EngineeringMessage.safeParse({ ...task, timestamp: '2026-02-30T12:00:00Z' }).success).toBe(false);
  });
});
