import { expect, it } from 'vitest';
import { parseGitEntries, parseObjects, safeGitSettings } from '../../src/git/index.js';

it('settings are arguments, each after its -c', () => {
  expect(safeGitSettings.filter((_, index) => index % 2 === 0).every((word) => word === '-c')).toBe(true);
  expect(safeGitSettings).toContain('core.hooksPath=/dev/null');
});

it('entries of trees and of indexes are read, whatever their names hold', () => {
  const [one, two] = ['1'.repeat(40), '2'.repeat(64)];
  const tree = `120000 blob ${one}\tpackage.json\0`;
  const index = `160000 ${two} 0\ta\tb\nc\0`;
  expect(parseGitEntries(tree + index)).toEqual([
    { mode: '120000', id: one, path: 'package.json' },
    { mode: '160000', id: two, path: 'a\tb\nc' },
  ]);
});

it('objects are read by their sizes, whatever they hold; one that is missing or cut off is none', () => {
  const printed = 'aa blob 7\na\nb c 1\nbb missing\ncc blob 0\n\ndd blob 9\ncut';
  expect([...parseObjects(printed)]).toEqual([
    ['aa', 'a\nb c 1'],
    ['cc', ''],
  ]);
});
