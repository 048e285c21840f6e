import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..', '..');

it('the walkthrough names only existing files', () => {
  const text = readFileSync(resolve(root, 'docs', 'walkthrough.md'), 'utf8');
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\n')
    .map((file) => `/${file}`);
  const named = [...text.matchAll(/`((?:[\w.-]+\/)*[\w.-]+\.(?:ts|js))`/g)].map((match) => match[1] as string);
  // `src/server.js` is a file of the demo's project, from the template.
  expect(named.filter((name) => !files.some((file) => file.endsWith(`/${name}`)))).toEqual([]);
  expect(named.length).toBeGreaterThan(40);
});
