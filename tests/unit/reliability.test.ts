import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..', '..');
const page = readFileSync(resolve(root, 'docs', 'reliability.md'), 'utf8');
const faults = page
  .split(/^## /m)
  .slice(1)
  .map((section) => ({
    number: Number.parseInt(section, 10),
    proofs: [...section.matchAll(/^- `([^`]+)`: (.+)$/gm)].map(([, file = '', title = '']) => ({ file, title })),
  }));

/** Tests that a page names and the repository does not have. */
function missing(proofs: { file: string; title: string }[]): string[] {
  return proofs
    .filter(({ file, title }) => {
      const path = resolve(root, file);
      if (!/(^|\/)tests\/.*\.ts$/.test(file) || !existsSync(path)) return true;
      const text = readFileSync(path, 'utf8');
      return !["'", '"', '`'].some((quote) => text.includes(`${quote}${title}${quote},`));
    })
    .map(({ file, title }) => `${file}: ${title}`);
}

it('the page on reliability names only existing tests', () => {
  expect(missing(faults.flatMap((fault) => fault.proofs))).toEqual([]);
});

it('every fault on the page has its own number, in order, and a test', () => {
  const numbers = faults.map((fault) => fault.number);
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  expect(numbers.length).toBeGreaterThan(20);
  expect(faults.filter((fault) => fault.proofs.length === 0)).toEqual([]);
});

it('a missing file or title is reported', () => {
  const file = 'tests/unit/reliability.test.ts';
  expect(missing([{ file, title: 'a title of nothing' }])).toHaveLength(1);
  expect(missing([{ file: 'tests/unit/nowhere.test.ts', title: 'x' }])).toHaveLength(1);
  expect(missing([{ file, title: 'a missing file or title is reported' }])).toEqual([]);
});
