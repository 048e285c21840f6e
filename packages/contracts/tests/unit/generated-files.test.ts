import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { contractDocuments } from '../../src/generate/documents.js';
import { queues } from '../../src/index.js';
import { messagesFileOf, readFixture } from '../fixtures.js';

const contracts = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, contracts), 'utf8');
const examples = Object.fromEntries(
  queues.map(({ stream }) => [stream, readFixture<object[]>(`messages/${messagesFileOf(stream)}`)]),
);
const documents = contractDocuments(JSON.parse(read('package.json')).version, examples);

test.each([...documents])('%s matches the schemas (if not: npm run build)', (path, text) => {
  expect(read(path)).toBe(text);
});

test('there is no other schema file', () => {
  const generated = [...documents.keys()].filter((path) => path.startsWith('schemas/'));
  expect(readdirSync(new URL('schemas/', contracts)).map((name) => `schemas/${name}`)).toEqual(generated.sort());
});
