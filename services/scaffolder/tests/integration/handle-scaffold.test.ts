import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Project, type ScaffolderMessage, scaffolderMessage } from '@codegen/contracts';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { type DrawTemplate, templateDrawer } from '../../src/draw-template.js';
import { handleScaffold } from '../../src/handle-scaffold.js';
import { localHost } from '../../src/hosts/local.js';
import { FakeApi } from '../support/fake-api.js';
import { git } from '../support/repository.js';
import { treeOf } from '../support/tree.js';

const TEMPLATE = fileURLToPath(new URL('../../../../templates/service', import.meta.url));
const NAME = 'local/proj_1';

let folder: Awaited<ReturnType<typeof tempFolder>>;
let bare: string;
let api: FakeApi;
let said: string[];

beforeEach(async () => {
  folder = await tempFolder('codegen-scaffold');
  bare = join(folder.path, `${NAME}.git`);
  api = new FakeApi();
  said = [];
});
afterEach(() => folder.remove());

const message = (changes: Partial<ScaffolderMessage> = {}) =>
  scaffolderMessage.parse({
    request_id: 'scaffold-1',
    project_id: 'proj_1',
    repo_full_name: NAME,
    project_name: 'window-seat',
    modules: ['backend'],
    timestamp: '2026-01-10T12:00:00Z',
    ...changes,
  });

function scaffold(
  received = message(),
  draw: DrawTemplate = templateDrawer({ templateDir: TEMPLATE, copier: false, logger: console }),
) {
  const say = async (text: string) => void said.push(text);
  const fault = async () => undefined;
  return handleScaffold(received, { host: localHost(folder.path), api, draw, fault, say });
}

it('gives a project a repository with one clean commit, and reports it before it answers', async () => {
  const result = await scaffold();

  const sha = await git(bare, 'rev-parse', 'main');
  const files = (await git(bare, 'ls-tree', '-r', '--name-only', 'main')).split('\n');
  expect(result).toMatchObject({
    request_id: 'scaffold-1',
    status: 'success',
    error: null,
    files_generated: files.length,
  });
  expect(result.repo_url).toBe(`file://${bare}`);
  expect(await git(bare, 'log', '--format=%s|%an|%ae|%cn', 'main')).toBe(
    'Scaffold window-seat from the service template|Scaffolder|scaffolder@codegen.invalid|Scaffolder',
  );
  expect(files).toEqual(expect.arrayContaining(['.project.yml', '.gitignore', 'src/server.js', 'content/site.json']));
  expect(api.reports).toEqual([
    {
      status: 'scaffolded',
      repository_url: result.repo_url,
      repository: { full_name: NAME, clone_url: `${NAME}.git`, credential_ref: 'none:' },
      main_sha: sha,
      manifest: {
        test: ['node', '--test'],
        start: ['node', 'src/server.js'],
        environment: [{ name: 'SITE_TITLE', required: false, secret: false }],
      },
    },
  ]);
  expect(said).toEqual(['drawing the project from the service template']);
  expect(JSON.parse(await git(bare, 'show', 'main:content/site.json'))).toEqual({
    title: 'Window seat',
    intro: 'Notes & <tea>',
    posts: [],
  });
});

it('names the repository of a project itself, and keeps to the name once it is recorded', async () => {
  expect(await scaffold(message({ repo_full_name: 'user_1/proj_1' }))).toMatchObject({ status: 'success' });
  expect(await readdir(folder.path)).toEqual(['local']);
  const repository = { full_name: 'acme/shop', clone_url: 'acme/shop.git', credential_ref: 'none:' };
  api.project = { ...api.project, repository };
  expect(await scaffold(message({ repo_full_name: 'acme/shop' }))).toMatchObject({ status: 'success' });
  expect(await readdir(folder.path)).toEqual(['acme', 'local']);
  expect(api.project.repository).toEqual(repository);
});

it('comes to the same end when it is asked again', async () => {
  const first = await scaffold();
  const tree = await treeOf(bare);
  const again = await scaffold();
  expect({ ...again, duration_ms: 0 }).toEqual({ ...first, duration_ms: 0 });
  expect(await treeOf(bare)).toEqual(tree);
});

it('goes on from a repository that has no main yet', async () => {
  await localHost(folder.path).ensureRepository(NAME);
  expect(await scaffold()).toMatchObject({ status: 'success' });
});

it('two scaffolders at once make one main', async () => {
  const [one, two] = await Promise.all([scaffold(), scaffold(message({ timestamp: '2026-01-11T12:00:00Z' }))]);
  expect(one.status).toBe('success');
  expect(two.status).toBe('success');
  expect(await git(bare, 'rev-list', '--count', 'main')).toBe('1');
  expect(api.reports[0]?.main_sha).toBe(api.reports[1]?.main_sha);
});

it('an API that is away is no failure: the next try reports', async () => {
  api.failingReports = 1;
  await expect(scaffold()).rejects.toThrow('the API is away');
  expect(api.reports).toEqual([]);
  expect(await scaffold()).toMatchObject({ status: 'success' });
  expect(api.project.status).toBe('scaffolded');
});

it.each([
  ['an unknown module', { modules: ['backend', 'rockets'] }, 'The template has no modules "rockets". Try: backend.'],
  ['a bad name', { project_name: '../x' }, /"\.\.\/x" is not a project name/],
])('answers %s as failed, with the project told', async (_, changes, error) => {
  const { project_name: name = 'window-seat', modules = ['backend'] } = changes as Partial<ScaffolderMessage>;
  api.project = { ...api.project, name, modules: modules as Project['modules'] };
  const result = await scaffold(message(changes));
  expect(result).toMatchObject({ status: 'failed', repo_url: null, files_generated: 0 });
  expect(result.error).toMatch(error);
  expect(api.project.status).toBe('scaffold_failed');
});

it.each([
  ['a name in place of the id', { project_id: 'window-seat', repo_full_name: 'local/window-seat' }, /the project's id/],
  [
    'a project that is not there',
    { project_id: 'proj_2', repo_full_name: 'local/proj_2' },
    /there is no project proj_2/,
  ],
  ['a path', { project_id: '../../tmp/x', repo_full_name: 'local/../../tmp/x' }, /there is no project/],
  ['a repository of another project', { repo_full_name: 'acme/blog' }, /is local\/proj_1, not "acme\/blog"/],
  ['a task of another project', { task_id: 'task_2' }, /task_2 is not an engineering task of proj_1/],
  ["a name that is not the project's", { project_name: 'else-where' }, /proj_1 is named window-seat, not "else-where"/],
  ['no name at all', { project_name: '../x' }, /proj_1 is named window-seat/],
  ["modules that are not the project's", { modules: ['rockets'] }, /proj_1 has the modules "backend", not "rockets"/],
])('refuses %s: nothing is made, and the project is left as it is', async (_, changes, error) => {
  const before = { ...api.project };
  const result = await scaffold(message(changes));
  expect(result).toMatchObject({ status: 'failed', repo_url: null, error: expect.stringMatching(error) });
  expect([api.project, api.reports, said]).toEqual([before, [], []]);
  expect(await readdir(folder.path)).toEqual([]);
});

it.each(['draft', 'failed', 'scaffold_failed', 'developing', 'active'] as const)(
  'makes nothing for a project that is %s, unless a task of it runs',
  async (status) => {
    api.project = { ...api.project, status };
    api.task = { ...api.task, status: 'completed' };
    for (const changes of [{}, { task_id: 'task_1' }]) {
      const error = expect.stringContaining(`proj_1 is ${status}, and no task of it asks for a repository`);
      expect(await scaffold(message(changes))).toMatchObject({ status: 'failed', error });
    }
    expect([api.project.status, api.reports, await readdir(folder.path)]).toEqual([status, [], []]);
    api.task = { ...api.task, status: 'running' };
    expect(await scaffold(message({ task_id: 'task_1' }))).toMatchObject({ status: 'success' });
  },
);

it('a deploy asks for no repository', async () => {
  api.task = { ...api.task, type: 'deploy' };
  const error = expect.stringContaining('task_1 is not an engineering task of proj_1');
  expect(await scaffold(message({ task_id: 'task_1' }))).toMatchObject({ status: 'failed', error });
});

it('makes nothing for a project that is archived', async () => {
  api.project = { ...api.project, status: 'archived' };
  expect(await scaffold()).toMatchObject({ status: 'failed', error: expect.stringMatching(/is archived/) });
  expect(await readdir(folder.path)).toEqual([]);
});

it('never makes a main that has no valid manifest', async () => {
  const draw: DrawTemplate = async (_, destination) => {
    await mkdir(destination);
    await writeFile(join(destination, '.project.yml'), 'test: npm test\n');
  };
  expect(await scaffold(message(), draw)).toMatchObject({
    status: 'failed',
    error: expect.stringMatching(/\.project\.yml/),
  });
  expect(await localHost(folder.path).branchTip(NAME, 'main')).toBeUndefined();
  expect(await scaffold(message({ task_id: 'task_1' }))).toMatchObject({ status: 'success' });
});

it('does not set back a project that has moved on', async () => {
  await scaffold();
  api.project = { ...api.project, status: 'developing' };
  expect(await scaffold(message({ task_id: 'task_1' }))).toMatchObject({ status: 'success' });
  expect(api.project.status).toBe('developing');
  await rm(bare, { recursive: true });
  api.project = { ...api.project, modules: ['rockets'] as never };
  expect(await scaffold(message({ modules: ['rockets'], task_id: 'task_1' }))).toMatchObject({ status: 'failed' });
  expect(api.project.status).toBe('developing');
});

it('leaves nothing behind in the temporary folder', async () => {
  // Its own, as others draw in the shared one at the same time.
  const temporary = await tempFolder('codegen-drafts');
  vi.stubEnv('TMPDIR', temporary.path);
  try {
    await scaffold();
    api.project = { ...api.project, modules: ['rockets'] as never };
    await scaffold(message({ modules: ['rockets'] }));
    expect(await readdir(temporary.path)).toEqual([]);
  } finally {
    vi.unstubAllEnvs();
    await temporary.remove();
  }
});
