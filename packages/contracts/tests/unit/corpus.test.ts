import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { decodeEntry, encodeEntry, models, type QueueContract, queues, WIRE_VERSION } from '../../src/index.js';
import { type CorpusCase, corpusModels, corpusOf, differences, digestOf } from '../corpus.js';
import { readFixture } from '../fixtures.js';
import { changesOf } from '../schema-changes.js';

// Thousands of schemas are used once or twice here: compiling them would cost more than it saves.
z.config({ jitless: true });

const all = Object.entries(models).map(([name, schema]) => ({ name, schema, cases: corpusOf(name) }));
const contracts: readonly QueueContract[] = queues;

describe('the corpus of version 1', () => {
  test('is of the version that we write', () => {
    expect(WIRE_VERSION).toBe('1');
  });

  test('has every model and no other', () => {
    expect(corpusModels().sort()).toEqual(Object.keys(models).sort());
  });

  test.each(all)('$name is read as ever', ({ schema, cases }) => {
    expect(cases.length).toBeGreaterThan(1);
    expect(differences(schema, cases)).toEqual([]);
  });

  test.each(contracts)('$stream takes what it was ever sent', (contract) => {
    for (const { document, parsed, made = [] } of corpusOf(contract.model)) {
      const decoded = decodeEntry(contract, { data: JSON.stringify(document) });
      expect(decoded).toMatchObject({ ok: true, message: parsed });
      if (!decoded.ok || made.length > 0) continue;
      expect(JSON.parse(encodeEntry(contract, decoded.message as never).fields.data)).toEqual(parsed);
    }
  });

  // Add cases for what is new; a case that stands here is what some peer still sends.
  test.each(all)('$name has lost and changed no case', ({ name, cases }) => {
    const digests = readFixture<Record<string, string[]>>('corpus-v1-digests.json');
    expect(cases.map(digestOf)).toEqual(digests[name]);
  });
});

describe('an incompatible change fails the corpus', () => {
  test.each(all)('wherever it is in $name', ({ schema, cases }) => {
    const changes = changesOf(schema);
    const isNoticed = (changed: z.ZodType) => cases.some((one) => differences(changed, [one]).length > 0);
    const unnoticed = changes.filter((one) => !isNoticed(one.schema));
    expect(changes.length).toBeGreaterThan(2);
    expect(unnoticed.map(({ change }) => change)).toEqual([]);
  });

  test('and a compatible one does not: a new field that may be missing', () => {
    const schema = models.EngineeringMessage.extend({ priority: z.int().nullish() });
    expect(differences(schema, corpusOf('EngineeringMessage'))).toEqual([]);
  });

  test.each([
    ['changed default', { timeout: z.int().default(60) }],
    ['converted value', { timestamp: z.string().transform((text) => new Date(text).toJSON()) }],
  ])('a %s is seen', (_, fields) => {
    expect(differences(models.SendMessageCommand.extend(fields), corpusOf('SendMessageCommand'))).not.toEqual([]);
  });

  test('a case that was altered has another digest', () => {
    const [first] = corpusOf('EngineeringMessage') as [CorpusCase];
    expect(digestOf({ ...first, document: { ...first.document, task_id: 'other' } })).not.toBe(digestOf(first));
    expect(digestOf({ ...first, made: [] })).not.toBe(digestOf(first));
  });
});
