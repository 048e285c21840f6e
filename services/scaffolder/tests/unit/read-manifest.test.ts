import { expect, it } from 'vitest';
import { readManifest } from '../../src/read-manifest.js';

it('reads commands and environment, and ignores what it does not know', () => {
  const text =
    'name: x\ntest: [npm, test]\nstart: ["node", "src/server.js"]\nenvironment:\n  - name: TOKEN\n    secret: true\n';
  expect(readManifest(text)).toEqual({
    test: ['npm', 'test'],
    start: ['node', 'src/server.js'],
    environment: [{ name: 'TOKEN', required: true, secret: true }],
  });
});

it.each([
  ['nothing at all', undefined, /\.project\.yml is missing/],
  ['no YAML', 'test: [', /is not YAML/],
  ['a list', '- 1', /the document/],
  ['a command line instead of a list', 'test: npm test\nstart: [node]', /test: .*array/],
  ['an empty command', 'test: []\nstart: [node]', /test: /],
  ['a whole book', 'x'.repeat(70_000), /longer than 64 KiB/],
  [
    'a bomb of aliases',
    `a: &a [x,x,x,x,x,x,x,x,x,x]\n${[...'bcdefgh'].map((n, i) => `${n}: &${n} [${Array(10).fill(`*${'abcdefg'[i]}`).join(',')}]`).join('\n')}`,
    /is not YAML/,
  ],
])('refuses %s, saying what is wrong', (_, text, message) => {
  expect(() => readManifest(text)).toThrow(message);
});
