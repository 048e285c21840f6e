import { describe, expect, it } from 'vitest';
import { fetchCommand, pushCommand } from '../../src/git-commands.js';

const place = { gitDir: '/w/git/.git', folder: '/w/repo' };

describe('git commands', () => {
  it("name the wrapper's repository and the clone that they are for", () => {
    const args = fetchCommand(place, '/repos/a/b.git').join(' ');
    expect(args).toMatch(/^-C \/w\/repo --work-tree=\/w\/repo --git-dir=\/w\/git\/\.git fetch/);
  });

  it('never take a URL for an option', () => {
    expect(fetchCommand(place, '--upload-pack=x').slice(-3)).toEqual([
      '--',
      '--upload-pack=x',
      '+refs/heads/*:refs/remotes/origin/*',
    ]);
  });

  it('push one commit to one branch, if that is still where this worker left it', () => {
    expect(pushCommand(place, '/repos/a/b.git', 'abc', 'task/t/1', 'old').slice(-6)).toEqual([
      '--quiet',
      '--no-verify',
      '--force-with-lease=refs/heads/task/t/1:old',
      '--',
      '/repos/a/b.git',
      'abc:refs/heads/task/t/1',
    ]);
  });
});
