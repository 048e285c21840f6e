import { expect, test } from 'vitest';
import { checkoutIndex, compareIndex, fetchMain, onMain } from '../../src/git-commands.js';

test('Every command names its repository, and takes no address for an option', () => {
  const of = (folder: string) => ['-C', folder, `--work-tree=${folder}`, '--git-dir=/r.git'];
  expect(onMain('/r.git', 'abc').slice(0, 3)).toEqual(['--git-dir=/r.git', 'merge-base', '--is-ancestor']);
  expect(checkoutIndex('/r.git', '/out')).toEqual([...of('/out'), 'checkout-index', '--all', '--force', '--quiet']);
  expect(compareIndex('/r.git', '/out')).toEqual([...of('/out'), 'update-index', '--refresh']);
  expect(fetchMain('/r.git', '--x').slice(-3)).toEqual(['--', '--x', '+refs/heads/main:refs/heads/main']);
});
