import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { withoutPatterns } from '@codegen/sdk/text';
import { expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..', '..');

/** The lines of the sources that may be shown: no comments, and no addresses that are put together with real passwords. */
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

it('what the programs say of themselves has nothing that is taken out as a secret', () => {
  const lines = [...shownLines()];
  expect(lines.length).toBeGreaterThan(10_000);
  expect(lines.filter((line) => withoutPatterns(line) !== line)).toEqual([]);
});
