import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { commitFolder } from '../../src/commit-folder.js';
import { localHost } from '../../src/hosts/local.js';
import { commitAndPush, git } from '../support/repository.js';

const NAME = 'local/proj_1';
let folder: Awaited<ReturnType<typeof tempFolder>>;
let repos: string;
let host: ReturnType<typeof localHost>;

beforeEach(async () => {
  folder = await tempFolder('codegen-host');
  repos = join(folder.path, 'repos');
  host = localHost(repos);
});
afterEach(() => folder.remove());

async function draft(name: string, text: string) {
  const path = join(folder.path, name);
  await mkdir(path);
  await writeFile(join(path, 'a.txt'), text);
  await commitFolder(path, 'Scaffold', new Date('2026-01-01T00:00:00Z'));
  return path;
}

async function repository() {
  await host.ensureRepository(NAME);
  await host.createMain(NAME, await draft('draft', 'one'));
  const clone = join(folder.path, 'clone');
  await git(folder.path, 'clone', '--quiet', join(repos, `${NAME}.git`), clone);
  return { clone, main: (await host.branchTip(NAME, 'main')) as string };
}

it('makes a bare repository once, with a URL that can be cloned', async () => {
  const made = await host.ensureRepository(NAME);
  expect(await host.ensureRepository(NAME)).toEqual(made);
  const { url, repository } = made;
  expect(repository).toEqual({ full_name: NAME, clone_url: `${NAME}.git`, credential_ref: 'none:' });
  expect(fileURLToPath(url)).toBe(join(repos, `${NAME}.git`));
  expect(await readdir(join(repos, 'local'))).toEqual(['proj_1.git']);
  expect(await git(fileURLToPath(url), 'config', 'receive.denyDeletes')).toBe('true');
});

it('makes one repository when several ask at once', async () => {
  await Promise.all(Array.from({ length: 5 }, () => host.ensureRepository(NAME)));
  expect(await readdir(join(repos, 'local'))).toEqual(['proj_1.git']);
});

it('lets one of two mains win', async () => {
  await host.ensureRepository(NAME);
  const drafts = [await draft('one', 'one'), await draft('two', 'two')];
  const won = await Promise.all(drafts.map((path) => host.createMain(NAME, path)));
  expect(won.sort()).toEqual([false, true]);
  expect(await host.createMain(NAME, drafts[0] as string)).toBe(false);
});

it('the same files and date give the same commit', async () => {
  const [one, two] = [await draft('one', 'same'), await draft('two', 'same')];
  expect(await git(one, 'rev-parse', 'HEAD')).toBe(await git(two, 'rev-parse', 'HEAD'));
});

it('moves main only from where it is', async () => {
  const { clone, main } = await repository();
  const next = await commitAndPush(clone, { files: { 'b.txt': 'b' }, branch: 'task/task_1/1' });
  expect(await host.advanceMain(NAME, { from: next, to: next })).toBe(false);
  expect(await host.advanceMain(NAME, { from: main, to: next })).toBe(true);
  expect(await host.branchTip(NAME, 'main')).toBe(next);
  expect(await host.advanceMain(NAME, { from: main, to: next })).toBe(false);
});

it('heals locks that a killed git left behind, and respects fresh ones', async () => {
  const { clone, main } = await repository();
  let from = main;
  // Git locks HEAD too, since HEAD names main.
  for (const name of ['refs/heads/main.lock', 'HEAD.lock']) {
    const next = await commitAndPush(clone, { files: { [name]: 'b' }, branch: 'task/task_1/1', from });
    const lock = join(repos, `${NAME}.git`, name);
    await writeFile(lock, '');
    await expect(host.advanceMain(NAME, { from, to: next })).rejects.toThrow(/main could not be moved/);
    await expect(host.advanceMain(NAME, { from, to: next })).rejects.toThrow(/main could not be moved/);
    await utimes(lock, new Date(0), new Date(0));
    await expect(host.advanceMain(NAME, { from, to: next })).rejects.toThrow(/main could not be moved/);
    expect(await host.advanceMain(NAME, { from, to: next })).toBe(true);
    from = next;
  }
});

it('knows what contains what, and says no to what it does not know', async () => {
  const { clone, main } = await repository();
  const next = await commitAndPush(clone, { files: { 'b.txt': 'b' }, branch: 'task/task_1/1' });
  expect(await host.contains(NAME, next, main)).toBe(true);
  expect(await host.contains(NAME, main, next)).toBe(false);
  expect(await host.contains(NAME, main, 'f'.repeat(40))).toBe(false);
  expect(await host.contains(NAME, main, '--help')).toBe(false);
  expect(await host.contains(NAME, main, 'main')).toBe(false);
});

it('reads files of a commit and counts those of the first one', async () => {
  const { clone, main } = await repository();
  const next = await commitAndPush(clone, { files: { 'b.txt': 'b\r\nü', 'c/d.txt': '' }, branch: 'task/task_1/1' });
  expect(await host.readText(NAME, next, 'b.txt', 100)).toBe('b\r\nü');
  expect(await host.readText(NAME, main, 'b.txt', 100)).toBeUndefined();
  expect(await host.readText(NAME, next, 'c', 100)).toBeUndefined();
  expect(await host.countFirstFiles(NAME, next)).toBe(1);
  expect(await host.readText(NAME, next, 'b.txt', 2)).toBe('b\r\n');
});

it('task branches may be rewritten, no branch may be deleted', async () => {
  const { clone } = await repository();
  await commitAndPush(clone, { files: { 'b.txt': 'b' }, branch: 'task/task_1/1' });
  await git(clone, 'commit', '--quiet', '--amend', '-m', 'again');
  await git(clone, 'push', '--quiet', '--force', 'origin', 'HEAD:refs/heads/task/task_1/1');
  await expect(git(clone, 'push', '--quiet', 'origin', ':refs/heads/task/task_1/1')).rejects.toThrow(
    /deletion prohibited/,
  );
});

it('refuses names that lead elsewhere', async () => {
  for (const name of ['local/..', '../x', 'a/b/c', 'local', '/etc/passwd', 'local/-x', 'local/a b']) {
    await expect(host.ensureRepository(name)).rejects.toThrow(/is not the name of a repository/);
  }
});

it('a repository that is missing has no branches', async () => {
  expect(await host.branchTip('local/nowhere', 'main')).toBeUndefined();
});

it('git sees nothing of the environment it was started in, and shows none of its secrets', async () => {
  const seen = join(folder.path, 'seen');
  const program = `#!/bin/sh\nenv >> "${seen}"\nPATH="$(printf %s "$PATH" | cut -d: -f2-)" exec git "$@"\n`;
  await mkdir(join(folder.path, 'bin'));
  await writeFile(join(folder.path, 'bin', 'git'), program, { mode: 0o755 });
  vi.stubEnv('PATH', `${join(folder.path, 'bin')}:${process.env.PATH}`);
  vi.stubEnv('GIT_DIR', '/nowhere');
  vi.stubEnv('GIT_INDEX_FILE', '/nowhere/index');
  vi.stubEnv('API_TOKEN', 'cgk_secret');
  try {
    await host.ensureRepository(NAME);
    expect(await host.createMain(NAME, await draft('draft', 'one'))).toBe(true);
    expect(await host.branchTip(NAME, 'main')).toMatch(/^[0-9a-f]{40}$/);
    expect(await readFile(seen, 'utf8')).toContain('GIT_CONFIG_NOSYSTEM=1');
    expect(await readFile(seen, 'utf8')).not.toContain('cgk_secret');
  } finally {
    vi.unstubAllEnvs();
  }
});
