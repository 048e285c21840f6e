import { expect, test } from 'vitest';
import { checkoutIndexCommand, gitEnvironment, readTreeCommand, resolveCommitCommand } from '../../src/git-commands.js';

const safe = ['-c', 'core.hooksPath=/dev/null', '-c', 'safe.directory=/r.git', '--git-dir=/r.git'];

test('Every command names its repository and runs no hook', () => {
  expect(resolveCommitCommand('/r.git', 'abc')).toEqual([
    ...safe,
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    'abc^{commit}',
  ]);
  expect(readTreeCommand('/r.git', 'abc')).toEqual([...safe, 'read-tree', 'abc']);
  expect(checkoutIndexCommand('/r.git', '/out')).toEqual([
    ...safe,
    '--work-tree=/out',
    'checkout-index',
    '--all',
    '--force',
    '--quiet',
  ]);
});

test('Git sees no configuration of the machine', () => {
  expect(gitEnvironment('/bin')).toEqual({
    PATH: '/bin',
    LC_ALL: 'C.UTF-8',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
  });
});
