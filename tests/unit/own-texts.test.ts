import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { withoutPatterns } from '@codegen/sdk/text';
import { expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..', '..');

/** Lines of the sources that may be printed: without comments, and without templates, which may build URLs with passwords. */
function* shownLines(): Generator<string> {
  for (const group of ['packages', 'services']) {
    for (const name of readdirSync(join(root, group))) {
      for (const file of readdirSync(join(root, group, name, 'src'), { recursive: true, encoding: 'utf8' })) {
        if (!file.endsWith('.ts')) continue;
        const lines = readFileSync(join(root, group, name, 'src', file), 'utf8').split('\n');
        yield* lines
          .filter((line) => !/^\s*(\*|\/\/|\/\*)|\$\{/.test(line))
          .map((line) => `${name}/${file}: ${line.trim()}`);
      }
    }
  }
}

it('the redactor changes none of the programs’ own texts', () => {
  const lines = [...shownLines()];
  expect(lines.length).toBeGreaterThan(10_000);
  expect(lines.filter((line) => withoutPatterns(line) !== line)).toEqual([]);
});
