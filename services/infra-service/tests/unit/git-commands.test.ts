import { safeGitSettings } from '@codegen/sdk/git';
import { expect, test } from 'vitest';
import { checkoutIndexCommand, readTreeCommand, resolveCommitCommand } from '../../src/git-commands.js';

const safe = [...safeGitSettings, '-c', 'safe.directory=/r.git', '--git-dir=/r.git'];

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
