import { describe, expect, it } from 'vitest';
import { leavesTree } from '../../src/git/index.js';
import { checkFile } from '../../src/manifest/index.js';

const judge = (path: string, rules = {}, more = {}) =>
  checkFile({ path, bytes: 1, holdsKey: false, ...more }, rules)?.action;

describe('checkFile', () => {
  it.each([
    ['src/app.js', undefined],
    ['.env', 'refuse'],
    ['app/.env.local', 'refuse'],
    ['.env.example', undefined],
    ['web/node_modules/a/b.js', 'refuse'],
    ['node_modules.md', undefined],
    ['keys/id_rsa', 'refuse'],
    ['ca.pem', 'warn'],
  ])('%s: %s', (path, action) => expect(judge(path)).toBe(action));

  it.each([
    ['a/b/c.txt', 'a/*.txt', undefined],
    ['a/c.txt', 'a/*.txt', 'refuse'],
    ['a/b/c.txt', 'a/**/c.txt', 'refuse'],
    ['a/c.txt', 'a/**/c.txt', 'refuse'],
    ['x/a/c.txt', 'a/c.txt', undefined],
    ['x/a/c.txt', '**/a', 'refuse'],
    ['dist/x/y', '/dist', 'refuse'],
    ['x/dist/y', '/dist', undefined],
    ['a.b.c', '*.c', 'refuse'],
  ])('%s with the rule %s: %s', (path, rule, action) => expect(judge(path, { [rule]: 'refuse' })).toBe(action));

  it('the last rule that fits counts, for keys and large files too', () => {
    expect(judge('t/a.txt', { t: 'warn', '*.txt': 'allow' }, { holdsKey: true, bytes: 1e9 })).toBeUndefined();
    expect(judge('t/a.txt', { t: 'warn' }, { holdsKey: true })).toBe('refuse');
    expect(judge('t/a.txt', {}, { bytes: 51 * 1024 * 1024 })).toBe('refuse');
  });

  it('takes no long time for a pattern of many stars', () => {
    const started = Date.now();
    judge(`${'a'.repeat(4000)}b`, { [`${'*a'.repeat(90)}c`]: 'refuse', [`${'**/'.repeat(60)}c`]: 'refuse' });
    expect(Date.now() - started).toBeLessThan(1000);
  });
});

it.each([
  ['src/style.css', '/etc/passwd', true],
  ['src/style.css', '../../x', true],
  ['src/style.css', '../x', false],
  ['a', 'b/../c', true],
  ['a', './b', false],
  ['a', '..', true],
  ['d/e/f', '../..', false],
])('a link %s to %s leaves the tree: %s', (path, target, leaves) => expect(leavesTree(path, target)).toBe(leaves));
