import { expect, it } from 'vitest';
import { BARE_SETTINGS, commit, moveMain, readBlob } from '../../src/git-commands.js';
import { copyArguments } from '../../src/run-copier.js';

it('moving main names the commit it must be at', () => {
  expect(moveMain('/r.git', { from: 'a1', to: 'b2' })).toEqual([
    '--git-dir=/r.git',
    'update-ref',
    'refs/heads/main',
    'b2',
    'a1',
  ]);
});

it('creating main asks that there is none', () => {
  expect(moveMain('/r.git', { to: 'b2' }).at(-1)).toBe('0'.repeat(40));
});

it('repositories run no hooks, collect nothing by themselves and keep what was pushed', () => {
  const settings = Object.fromEntries(BARE_SETTINGS);
  expect(settings).toMatchObject({ 'core.hooksPath': '/dev/null', 'gc.auto': '0', 'receive.denyDeletes': 'true' });
});

it('the other commands are what git understands', () => {
  expect(commit('/f', 'Scaffold x').slice(2)).toEqual(['commit', '--quiet', '--no-verify', '--message', 'Scaffold x']);
  expect(readBlob('/r.git', 'a', '.project.yml').slice(1)).toEqual(['cat-file', 'blob', 'a:.project.yml']);
});

it('Copier is asked nothing, trusts nothing and reads its answers from a file', () => {
  const args = copyArguments({ template: '/t', destination: '/d', answersFile: '/a.yml' });
  expect(args).toEqual(['copy', '--defaults', '--quiet', '--vcs-ref', 'HEAD', '--data-file', '/a.yml', '/t', '/d']);
});
