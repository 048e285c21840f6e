import { mkdir, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type RepositoryMessage, repositoryMessage } from '@codegen/contracts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { handleMerge } from '../../src/handle-merge.js';
import type { RepositoryHost } from '../../src/hosts/host.js';
import { localHost } from '../../src/hosts/local.js';
import { FakeApi } from '../support/fake-api.js';
import { commitAndPush, git } from '../support/repository.js';

const NAME = 'local/proj_1';
const BRANCH = 'task/task_1/1';
const MANIFEST = 'name: x\ntest: [node, --test]\nstart: [node, server.js]\n';
const known = { test: ['node', '--test'], start: ['node', 'server.js'], environment: [] };

let folder: Awaited<ReturnType<typeof tempFolder>>;
let api: FakeApi;
let host: RepositoryHost;
let clone: string;
let main: string;

beforeEach(async () => {
  folder = await tempFolder('codegen-merge');
  api = new FakeApi();
  host = localHost(join(folder.path, 'repos'));
  await host.ensureRepository(NAME);
  clone = join(folder.path, 'clone');
  await git(folder.path, 'clone', '--quiet', join(folder.path, 'repos', `${NAME}.git`), clone);
  await git(clone, 'commit', '--quiet', '--allow-empty', '-m', 'first');
  await git(clone, 'push', '--quiet', 'origin', 'HEAD:main');
  main = await commitAndPush(clone, { files: { '.project.yml': MANIFEST }, branch: 'main', from: 'HEAD' });
});
afterEach(() => folder.remove());

const work = (files: Record<string, string> = { 'a.txt': 'a' }, branch = BRANCH) =>
  commitAndPush(clone, { files, branch });

function merge(changes: Partial<RepositoryMessage>, dependencies: Partial<Parameters<typeof handleMerge>[1]> = {}) {
  const message = repositoryMessage.parse({
    request_id: 'merge-1',
    project_id: 'proj_1',
    task_id: 'task_1',
    epoch: 1,
    operation: 'merge',
    branch: BRANCH,
    commit_sha: 'f'.repeat(40),
    expected_main_sha: main,
    ...changes,
  });
  return handleMerge(message, { host, api, ...dependencies });
}

it('fast-forwards main to the commit and reports it with its manifest', async () => {
  const commit_sha = await work();
  const result = await merge({ commit_sha });
  expect(result).toMatchObject({
    request_id: 'merge-1',
    task_id: 'task_1',
    epoch: 1,
    status: 'success',
    main_sha: commit_sha,
  });
  expect(await host.branchTip(NAME, 'main')).toBe(commit_sha);
  expect(await host.branchTip(NAME, BRANCH)).toBe(commit_sha);
  expect(api.reports).toEqual([{ main_sha: commit_sha, manifest: known }]);
});

it('moves main of the repository that the project names', async () => {
  const named = { full_name: 'acme/shop', clone_url: 'acme/shop.git', credential_ref: 'none:' };
  await mkdir(join(folder.path, 'repos', 'acme'));
  await rename(join(folder.path, 'repos', `${NAME}.git`), join(folder.path, 'repos', 'acme/shop.git'));
  await git(clone, 'remote', 'set-url', 'origin', join(folder.path, 'repos', 'acme/shop.git'));
  api.project = { ...api.project, repository: named };
  const commit_sha = await work();
  expect(await merge({ commit_sha })).toMatchObject({ status: 'success', main_sha: commit_sha });
  expect(await host.branchTip('acme/shop', 'main')).toBe(commit_sha);
});

it('merges the tested commit, not what was pushed to its branch afterwards', async () => {
  const commit_sha = await work();
  await commitAndPush(clone, { files: { 'b.txt': 'b' }, branch: BRANCH, from: commit_sha });
  expect(await merge({ commit_sha })).toMatchObject({ status: 'success', main_sha: commit_sha });
});

it('asked again, it answers the same and moves nothing', async () => {
  const commit_sha = await work();
  await merge({ commit_sha });
  expect(await merge({ commit_sha })).toMatchObject({ status: 'success', main_sha: commit_sha });
  expect(await host.branchTip(NAME, 'main')).toBe(commit_sha);
});

it('asked again after main went on, it says where main stands', async () => {
  const commit_sha = await work();
  await merge({ commit_sha });
  const later = await commitAndPush(clone, { files: { 'c.txt': 'c' }, branch: 'main', from: commit_sha });
  expect(await merge({ commit_sha })).toMatchObject({ status: 'success', main_sha: later });
});

it('a try that died after moving main is made good by the next, even when the task has ended since', async () => {
  const commit_sha = await work();
  api.failingReports = 1;
  await expect(merge({ commit_sha })).rejects.toThrow('the API is away');
  expect(await host.branchTip(NAME, 'main')).toBe(commit_sha);
  expect(api.project.main_sha).toBeNull();
  api.task = { ...api.task, status: 'cancelled' };
  expect(await merge({ commit_sha })).toMatchObject({ status: 'success', main_sha: commit_sha });
  expect(api.project.main_sha).toBe(commit_sha);
});

const refused = async (
  changes: Partial<RepositoryMessage>,
  reason: string | null,
  { at = main, reports = [] }: { at?: string; reports?: unknown[] } = {},
) => {
  const result = await merge(changes);
  expect(result).toMatchObject({ status: 'failed', reason, main_sha: at });
  expect(result.error).toBeTruthy();
  expect(await host.branchTip(NAME, 'main')).toBe(at);
  expect(api.reports).toEqual(reports);
};

it('refuses an epoch that is over', async () => {
  const commit_sha = await work();
  api.task = { ...api.task, epoch: 2 };
  await refused({ commit_sha }, 'stale_epoch');
});

it('refuses a task that no longer runs', async () => {
  const commit_sha = await work();
  api.task = { ...api.task, status: 'cancelled' };
  await refused({ commit_sha }, 'stale_epoch');
});

it('refuses a branch that is not the one of this task and epoch', async () => {
  const commit_sha = await work({ 'a.txt': 'a' }, 'task/task_1/2');
  await refused({ commit_sha, branch: 'task/task_1/2' }, null);
});

it('refuses a task of another project', async () => {
  const commit_sha = await work();
  api.task = { ...api.task, project_id: 'proj_2' };
  await refused({ commit_sha }, null);
});

it('refuses a commit that its branch does not hold', async () => {
  await refused({}, 'commit_missing');
  await work();
  await refused({ commit_sha: 'f'.repeat(40) }, 'commit_missing');
  await refused({ commit_sha: '--help' }, 'commit_missing');
  const elsewhere = await work({ 'b.txt': 'b' }, 'task/task_9/1');
  await refused({ commit_sha: elsewhere }, 'commit_missing');
});

it('refuses when main has moved, says where it is, and reports that for whoever tries again', async () => {
  const commit_sha = await work();
  const at = await commitAndPush(clone, { files: { 'c.txt': 'c' }, branch: 'main' });
  await refused({ commit_sha }, 'main_moved', { at, reports: [{ main_sha: at, manifest: known }] });
});

it('reports a main that has moved to a broken .project.yml without its manifest', async () => {
  const commit_sha = await work();
  const at = await commitAndPush(clone, { files: { '.project.yml': 'test: npm test\n' }, branch: 'main' });
  await refused({ commit_sha }, 'main_moved', { at, reports: [{ main_sha: at }] });
});

it('does not answer that main has moved before the API knows where it is', async () => {
  const commit_sha = await work();
  const at = await commitAndPush(clone, { files: { 'c.txt': 'c' }, branch: 'main' });
  api.failingReports = 1;
  await expect(merge({ commit_sha })).rejects.toThrow('the API is away');
  await refused({ commit_sha }, 'main_moved', { at, reports: [{ main_sha: at, manifest: known }] });
});

it('a merge that starts from the reported main goes through', async () => {
  const stale = await work();
  await commitAndPush(clone, { files: { 'c.txt': 'c' }, branch: 'main' });
  await merge({ commit_sha: stale });
  const branch = 'task/task_1/2';
  api.task = { ...api.task, epoch: 2 };
  const commit_sha = await work({ 'd.txt': 'd' }, branch);
  const expected_main_sha = api.project.main_sha ?? '';
  expect(await merge({ commit_sha, branch, epoch: 2, expected_main_sha })).toMatchObject({
    status: 'success',
    main_sha: commit_sha,
  });
});

it('refuses a commit that does not build on main', async () => {
  const commit_sha = await commitAndPush(clone, {
    files: { '.project.yml': MANIFEST, 'd.txt': '' },
    branch: BRANCH,
    from: 'HEAD~1',
  });
  await refused({ commit_sha }, 'not_a_fast_forward', { reports: [{ main_sha: main, manifest: known }] });
});

it('refuses a commit whose .project.yml is broken', async () => {
  const commit_sha = await work({ '.project.yml': 'test: npm test\n' });
  await refused({ commit_sha }, 'invalid_manifest');
});

it.each([
  [
    '.project.yml as a link',
    '120000',
    '.project.yml',
    /\.project\.yml is a link \(mode 120000\): commit a regular file/,
  ],
  ['package.json as a link', '120000', 'package.json', /package\.json is a link \(mode 120000\)/],
  ['.npmrc as a link', '120000', '.npmrc', /\.npmrc is a link \(mode 120000\)/],
  ['npm-shrinkwrap.json as a link', '120000', 'npm-shrinkwrap.json', /npm-shrinkwrap\.json is a link/],
  ['package-lock.json as a link', '120000', 'package-lock.json', /package-lock\.json is a link/],
  ['.project.yml as another repository', '160000', '.project.yml', /\.project\.yml is a link to another repository/],
  ['a folder as another repository', '160000', 'web/app', /web\/app is a link to another repository.*git rm --cached/],
])('refuses %s, says why, and quotes nothing', async (_, mode, path, error) => {
  await work();
  const target = (await git(clone, 'hash-object', '-w', '.project.yml')).trim();
  const object = mode === '160000' ? main : target;
  await git(clone, 'rm', '-q', '--cached', '--ignore-unmatch', path);
  await git(clone, 'update-index', '--add', '--cacheinfo', `${mode},${object},${path}`);
  await git(clone, 'commit', '--quiet', '-m', 'irregular');
  await git(clone, 'push', '--quiet', 'origin', `HEAD:refs/heads/${BRANCH}`);
  const commit_sha = await git(clone, 'rev-parse', 'HEAD');
  const result = await merge({ commit_sha });
  expect(result).toMatchObject({ status: 'failed', reason: 'invalid_manifest', main_sha: main });
  expect(result.error).toMatch(error);
  expect(await host.branchTip(NAME, 'main')).toBe(main);
});

it('refuses a link that leads out of the repository, by name; one that stays in it is merged', async () => {
  await mkdir(join(clone, 'src'));
  await symlink('../a.txt', join(clone, 'src', 'ok'));
  const fine = await work();
  expect(await merge({ commit_sha: fine })).toMatchObject({ status: 'success' });
  await symlink('/etc/passwd', join(clone, 'src', 'style.css'));
  const commit_sha = await work({ 'b.txt': 'b' });
  const result = await merge({ commit_sha, expected_main_sha: fine });
  expect(result).toMatchObject({ status: 'failed', reason: 'invalid_manifest', main_sha: fine });
  expect(result.error).toMatch(/^src\/style\.css is a link that leads out of the repository/);
});

it('reads the links of a commit at once, however many there are', async () => {
  await mkdir(join(clone, 'links'));
  for (let n = 0; n < 50; n += 1) await symlink(`../${n}`, join(clone, 'links', String(n)));
  let calls = 0;
  const counting: RepositoryHost = {
    ...host,
    objects: (name, ids) => {
      calls += 1;
      return host.objects(name, ids);
    },
    readText: (name, sha, path, most) => {
      if (path !== '.project.yml') calls += 1;
      return host.readText(name, sha, path, most);
    },
  };
  const result = await merge({ commit_sha: await work() }, { host: counting });
  expect(result).toMatchObject({ status: 'success' });
  expect(calls).toBe(1);
});

it('reads no more of .project.yml than it may have', async () => {
  const commit_sha = await work({ '.project.yml': `${MANIFEST}# ${'x'.repeat(5_000_000)}` });
  const result = await merge({ commit_sha });
  expect(result).toMatchObject({ reason: 'invalid_manifest', error: expect.stringContaining('larger than 32 KiB') });
});

it('main that moves at the last moment is seen by compare-and-set', async () => {
  const commit_sha = await work();
  let moved = '';
  const racing: RepositoryHost = {
    ...host,
    advanceMain: async (name, move) => {
      moved = await commitAndPush(clone, { files: { 'c.txt': 'c' }, branch: 'main' });
      return host.advanceMain(name, move);
    },
  };
  expect(await merge({ commit_sha }, { host: racing })).toMatchObject({
    status: 'failed',
    reason: 'main_moved',
    main_sha: moved,
  });
  expect(await host.branchTip(NAME, 'main')).toBe(moved);
  expect(api.reports).toEqual([{ main_sha: moved, manifest: known }]);
});

it('moves nothing for a task that ends while its commit is looked at', async () => {
  const commit_sha = await work();
  const readText: RepositoryHost['readText'] = (...args) => {
    api.task = { ...api.task, status: 'cancelled' };
    return host.readText(...args);
  };
  const result = await merge({ commit_sha }, { host: { ...host, readText } });
  expect(result).toMatchObject({ status: 'failed', reason: 'stale_epoch' });
  expect(await host.branchTip(NAME, 'main')).toBe(main);
});
