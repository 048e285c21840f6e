import { describe, expect, it } from 'vitest';
import { fetchCommand, gitEnvironment, identityCommands, pushCommand } from '../../src/git-commands.js';

describe('git commands', () => {
  it('run no hook and no program that the repository names, and read no configuration of this machine', () => {
    const [program, ...args] = fetchCommand('/w/repo', '/repos/a/b.git');
    expect(program).toBe('git');
    expect(args.join(' ')).toContain('-c core.hooksPath=/dev/null -c core.fsmonitor=false');
    expect(gitEnvironment('/bin', 'w-1', '/w')).toMatchObject({
      PATH: '/bin',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_TERMINAL_PROMPT: '0',
      GIT_CEILING_DIRECTORIES: '/w',
    });
  });

  it('name the clone that they are for', () => {
    expect(fetchCommand('/w/repo', '/repos/a/b.git').join(' ')).toContain('--git-dir=/w/repo/.git --work-tree=/w/repo');
  });

  it('never take a URL for an option', () => {
    expect(fetchCommand('/w/repo', '--upload-pack=x').slice(-3)).toEqual([
      '--',
      '--upload-pack=x',
      '+refs/heads/*:refs/remotes/origin/*',
    ]);
  });

  it('push one commit to one branch, if that is still where this worker left it', () => {
    expect(pushCommand('/w/repo', '/repos/a/b.git', 'abc', 'task/t/1', 'old').slice(-6)).toEqual([
      '--quiet',
      '--no-verify',
      '--force-with-lease=refs/heads/task/t/1:old',
      '--',
      '/repos/a/b.git',
      'abc:refs/heads/task/t/1',
    ]);
  });

  it('put the identity into the repository itself', () => {
    expect(identityCommands('/w/repo').map((command) => command.slice(-4))).toEqual([
      ['config', '--local', 'user.name', 'Developer agent'],
      ['config', '--local', 'user.email', 'agent@codegen.invalid'],
    ]);
  });
});
