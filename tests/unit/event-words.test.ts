import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** Whoever shows or judges what has become of a task. */
const READERS = [
  ...['render', 'progress', 'operations'].map((room) => `packages/orchestrator-cli/src/${room}`),
  ...['explain', 'handles'].map((room) => `packages/sdk/src/${room}`),
  ...['routes', 'store'].map((room) => `services/api/src/${room}`),
  'services/langgraph/src',
];
const EXCEPT = [
  // What Redis and the drivers of databases say has no field.
  ...['services/langgraph/src/engine/backoff.ts', 'packages/sdk/src/explain/read-queued.ts'],
  // Leaves out what stands there already.
  'packages/orchestrator-cli/src/render/error.ts',
];

const WORDS = String.raw`\b(?:message|error|summary|said|why)\b[\w.?!)]*`;
const METHODS = 'startsWith|endsWith|includes|match|matchAll|search|replace|indexOf|localeCompare';
/** A text for people that is compared, or taken apart. */
const MATCHED = [
  new RegExp(String.raw`${WORDS}\s*\.(?:${METHODS})\(`),
  new RegExp(String.raw`\.(?:test|exec)\([^()]*${WORDS}`),
  new RegExp(String.raw`\.(?:${METHODS})\([^()]*\b\w+\.(?:message|error|summary)\b`),
  /(?<!typeof \w+)\.(?:message|error|summary) ?[!=]==(?! ?(?:null|undefined)\b)/,
];

function matchedIn(text: string): string[] {
  return text.split('\n').filter((line) => MATCHED.some((pattern) => pattern.test(line)));
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

test('what an event or an error says is for people: nobody reads it but them', () => {
  const files = READERS.flatMap(filesOf).filter((file) => !EXCEPT.includes(file));
  expect(files.length).toBeGreaterThan(100);
  const found = files.flatMap((file) => matchedIn(readFileSync(file, 'utf8')).map((line) => `${file}: ${line.trim()}`));
  expect(found).toEqual([]);
});

test.each([
  "const words = end?.summary.replace(/^failed:/, '');",
  "    .flatMap(({ message }) => /^round (\\d+)/.exec(message ?? '')?.[1] ?? [])",
  'const text = said.startsWith(word) ? said.slice(2) : said;',
  "message.endsWith(error.trimStart().split('\\n', 1)[0] ?? error)",
  'if (lines[0] === undefined || summary.includes(lines[0])) return [];',
  'const untold = event.error !== event.message ? event.error : null;',
])('it finds one that does: %s', (line) => {
  expect(matchedIn(line)).toEqual([line]);
});
