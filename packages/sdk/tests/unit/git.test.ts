import { expect, it } from 'vitest';
import { gitEnvironment, parseGitEntries, safeGitSettings } from '../../src/git/index.js';

it('git sees no configuration, attributes or replaced objects, and nothing else of this process', () => {
  expect(gitEnvironment('/bin')).toEqual({
    PATH: '/bin',
    LC_ALL: 'C.UTF-8',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_TERMINAL_PROMPT: '0',
  });
});

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
