import { expect, it } from 'vitest';
import { MAX_MANIFEST_BYTES, ManifestError, parseManifest } from '../../src/manifest/index.js';

it('reads commands and environment, and ignores what it does not know', () => {
  const text =
    'name: x\ntest: [npm, test]\nstart: ["node", "src/server.js"]\nenvironment:\n  - name: TOKEN\n    secret: true\n';
  expect(parseManifest(text)).toEqual({
    test: ['npm', 'test'],
    start: ['node', 'src/server.js'],
    environment: [{ name: 'TOKEN', required: true, secret: true }],
  });
});

it('takes anchors and aliases', () => {
  expect(parseManifest('test: &command [npm, test]\nstart: *command\n')).toMatchObject({ start: ['npm', 'test'] });
});

const bomb = `a: &a [x,x,x,x,x,x,x,x,x,x]\n${[...'bcdefgh'].map((n, i) => `${n}: &${n} [${Array(10).fill(`*${'abcdefg'[i]}`).join(',')}]`).join('\n')}`;

it.each([
  ['nothing at all', undefined, '.project.yml is missing: it must say how to test and start it'],
  ['no YAML', 'test: [', '.project.yml is not YAML: bad indent at line 1, column 8'],
  ['a list', '- 1', '.project.yml is invalid: the document: Invalid input: expected object, received array'],
  [
    'a command line in place of a list',
    'test: npm test\nstart: [node]',
    /test: must be a command as a list of arguments/,
  ],
  ['an empty command', 'test: []\nstart: [node]', /test: must be a command as a list/],
  ['a key that stands twice', 'test: [a]\nstart: [b]\ntest: [c]\n', /has the same key twice at line 3, column 1/],
  ['a whole book', 'x'.repeat(70_000), '.project.yml is larger than 32 KiB: shorten it'],
  ['a bomb of aliases', bomb, /uses too many YAML aliases/],
])('refuses %s, saying what is wrong', (_, text, message) => {
  expect(() => parseManifest(text)).toThrow(ManifestError);
  expect(() => parseManifest(text)).toThrow(message);
});

it('quotes nothing of a text that is no manifest: it may be that of another file', () => {
  const secret = 'Zm9vYmFyYmF6cXV4';
  for (const text of [
    secret,
    `${secret}: ${secret}: 1`,
    `*${secret}`,
    `"\\q${secret}`,
    `${secret}:\n${secret}:\n`,
    `test: ${secret}\nstart: [a]`,
    `test: [a]\nstart: [b]\nenvironment: [{name: 5, ${secret}: 1}]`,
  ]) {
    const said = (() => {
      try {
        return JSON.stringify(parseManifest(text));
      } catch (error) {
        return String(error);
      }
    })();
    expect(said, text).toMatch(/^ManifestError|^PermanentError/);
    expect(said).not.toContain(secret.slice(0, 6));
  }
});

const keys = (bytes: number) => {
  let text = '';
  for (let i = 0; text.length < bytes - 8; i += 1) text += `${i.toString(36)}:\n`;
  return text;
};
const shapes: Record<string, (bytes: number) => string> = {
  keys,
  'keys of a flow': (bytes) => `{${keys(bytes - 2).replaceAll(':\n', ',')}}`,
  'open brackets': (bytes) => '['.repeat(bytes),
  'nested lists': (bytes) => '- '.repeat(bytes / 2),
  'broken escapes': (bytes) => `"${'\\x'.repeat(bytes / 2 - 1)}"`,
  tags: (bytes) => '!x y: 1\n'.repeat(bytes / 8),
};

it.each(Object.entries(shapes))('takes linear time for %s', (_, shape) => {
  const time = (text: string) => {
    const took = [1, 2, 3].map(() => {
      const started = performance.now();
      expect(() => parseManifest(text)).toThrow();
      return performance.now() - started;
    });
    return Math.min(...took);
  };
  time(shape(1024));
  const ratio = () => time(shape(MAX_MANIFEST_BYTES)) / time(shape(MAX_MANIFEST_BYTES / 16));
  // Sixteen times the text: quadratic would be 256 times the time. A busy machine may disturb one measurement.
  let times = ratio();
  for (let again = 0; again < 4 && times >= 80; again += 1) times = ratio();
  expect(times).toBeLessThan(80);
});
