import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { decodeEntry, encodeEntry, models, type QueueContract, queues, WIRE_VERSION } from '../../src/index.js';
import { type CorpusCase, corpusModels, corpusOf, differences, digestOf } from '../corpus.js';
import { readFixture } from '../fixtures.js';
import { changesOf } from '../schema-changes.js';

// Each of the thousands of schemas is used once or twice: compiling them costs more than it saves.
z.config({ jitless: true });

const all = Object.entries(models).map(([name, schema]) => ({ name, schema, cases: corpusOf(name) }));
const contracts: readonly QueueContract[] = queues;

describe('the corpus of version 1', () => {
  test('has the current wire version', () => {
    expect(WIRE_VERSION).toBe('1');
  });

  test('has every model and no other', () => {
    expect(corpusModels().sort()).toEqual(Object.keys(models).sort());
  });

  test.each(all)('$name is read unchanged', ({ schema, cases }) => {
    expect(cases.length).toBeGreaterThan(1);
    expect(differences(schema, cases)).toEqual([]);
  });

  test.each(contracts)('$stream accepts every document of the corpus', (contract) => {
    for (const { document, parsed, made = [] } of corpusOf(contract.model)) {
      const decoded = decodeEntry(contract, { data: JSON.stringify(document) });
      expect(decoded).toMatchObject({ ok: true, message: parsed });
      if (!decoded.ok || made.length > 0) continue;
      expect(JSON.parse(encodeEntry(contract, decoded.message as never).fields.data)).toEqual(parsed);
    }
  });

  // Only add cases: some peer still sends the existing ones.
  test.each(all)('$name has all its cases unchanged', ({ name, cases }) => {
    const digests = readFixture<Record<string, string[]>>('corpus-v1-digests.json');
    expect(cases.map(digestOf)).toEqual(digests[name]);
  });
});

describe('an incompatible change fails the corpus', () => {
  test.each(all)('in any field of $name', ({ schema, cases }) => {
    const changes = changesOf(schema);
    const isDetected = (changed: z.ZodType) => cases.some((one) => differences(changed, [one]).length > 0);
    const undetected = changes.filter((one) => !isDetected(one.schema));
    expect(changes.length).toBeGreaterThan(2);
    expect(undetected.map(({ change }) => change)).toEqual([]);
  });

  test('a compatible change passes: a new optional field', () => {
    const schema = models.EngineeringMessage.extend({ priority: z.int().nullish() });
    expect(differences(schema, corpusOf('EngineeringMessage'))).toEqual([]);
  });

  test.each([
    ['changed default', { timeout: z.int().default(60) }],
    ['converted value', { timestamp: z.string().transform((text) => new Date(text).toJSON()) }],
  ])('a %s is detected', (_, fields) => {
    expect(differences(models.SendMessageCommand.extend(fields), corpusOf('SendMessageCommand'))).not.toEqual([]);
  });

  test('a changed case has another digest', () => {
    const [first] = corpusOf('EngineeringMessage') as [CorpusCase];
    expect(digestOf({ ...first, document: { ...first.document, task_id: 'other' } })).not.toBe(digestOf(first));
    expect(digestOf({ ...first, made: [] })).not.toBe(digestOf(first));
  });
});
