import { describe, expect, it } from 'vitest';
import {
  cloneSource,
  initRepository,
  isAncestor,
  onRepository,
  parseGitEntries,
  parseObjects,
  resolveCommit,
} from '../../src/git/index.js';

describe('the arguments of git', () => {
  const place = { gitDir: '/r.git' };

  it('name the repository, and its folder where it has one', () => {
    expect(onRepository(place, 'gc')).toEqual(['--git-dir=/r.git', 'gc']);
    expect(onRepository({ gitDir: '/f/.git', folder: '/f' }, 'gc')).toEqual([
      ...['-C', '/f', '--work-tree=/f', '--git-dir=/f/.git', 'gc'],
    ]);
  });

  it('never take a name from outside for an option', () => {
    const args = resolveCommit(place, '--upload-pack=evil');
    expect(args.slice(-2)).toEqual(['--end-of-options', '--upload-pack=evil^{commit}']);
    expect(isAncestor(place, 'a', 'b').slice(1)).toEqual(['merge-base', '--is-ancestor', 'a', 'b']);
  });

  it('make a repository without a template', () => {
    const bare = ['init', '--quiet', '--bare', '--template=', '--initial-branch=main', '--', '/r.git'];
    expect(initRepository('/r.git', { branch: 'main', bare: true })).toEqual(bare);
    expect(initRepository('/f', { branch: 'work' }).slice(2)).toEqual([
      '--template=',
      '--initial-branch=work',
      '--',
      '/f',
    ]);
  });
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

describe('what git clones', () => {
  it.each([
    ['local/proj_1.git', '/data/repos/local/proj_1.git'],
    ['./local/../local/proj_1.git', '/data/repos/local/proj_1.git'],
    ['/data/repos/local/proj_1.git', '/data/repos/local/proj_1.git'],
    ['file:///data/repos/local/proj%5f1.git', '/data/repos/local/proj_1.git'],
    ['https://github.com/acme/blog.git', 'https://github.com/acme/blog.git'],
    ['https://git.example.org:8443/acme/blog', 'https://git.example.org:8443/acme/blog'],
    ['ssh://git@github.com/acme/blog.git', 'ssh://git@github.com/acme/blog.git'],
    ['ssh://git.example.org:2222/~ann/blog.git', 'ssh://git.example.org:2222/~ann/blog.git'],
  ])('is %s', (cloneUrl, source) => {
    expect(cloneSource(cloneUrl, '/data/repos')).toBe(source);
  });

  it.each([
    ...['', '.', '..', '../x.git', 'local/../../x.git', '/etc/passwd', '/data/repos', '/data/repositories/x.git'],
    ...['file:///etc', 'file://host/data/repos/x.git', 'file:///data/repos/..%2fx.git', 'file:x.git', 'FILE:///etc'],
    ...['--upload-pack=touch /tmp/x', '-ux', 'ext::sh -c id', 'ext::sh', 'fd::7', 'https::https://x/y', 'file::x'],
    ...['http://example.org/x.git', 'git://example.org/x.git', 'ftp://example.org/x', 'git@github.com:acme/blog.git'],
    ...['https://ann:secret@example.org/x.git', 'https://token@example.org/x.git', 'ssh://git:secret@example.org/x'],
    ...['ssh://-oProxyCommand=id/x', 'ssh://git@-oProxyCommand=id/x', 'ssh://-x@host/x', 'ssh://host/-x', 'ssh://host'],
    ...['https:///x', 'https://exa mple.org/x', 'https://example.org/x?y', 'https://example.org/x#y', 'local/x\n.git'],
    ...['local/x\0.git', 'ssh://host/x y', 'https:\\\\example.org\\x', ' https://example.org/x'],
  ])('is never %j', (cloneUrl) => {
    expect(() => cloneSource(cloneUrl, '/data/repos')).toThrow(/^clone_url must be a path in the folder/);
  });
});
