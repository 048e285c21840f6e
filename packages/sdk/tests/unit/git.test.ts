import { expect, it } from 'vitest';
import { parseGitEntries, safeGitSettings } from '../../src/git/index.js';

it('settings are arguments, each after its -c', () => {
  expect(safeGitSettings.filter((_, index) => index % 2 === 0).every((word) => word === '-c')).toBe(true);
  expect(safeGitSettings).toContain('core.hooksPath=/dev/null');
});

it('entries of trees and of indexes are read, whatever their names hold', () => {
  const tree = '120000 blob 1111\tpackage.json\0';
  const index = '160000 2222 0\ta\tb\nc\0';
  expect(parseGitEntries(tree + index)).toEqual([
    { mode: '120000', path: 'package.json' },
    { mode: '160000', path: 'a\tb\nc' },
  ]);
});
