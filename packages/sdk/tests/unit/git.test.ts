import { describe, expect, it } from 'vitest';
import { cloneSource, parseGitEntries, parseObjects, safeGitSettings } from '../../src/git/index.js';

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
