import { execFile } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { dtos, models } from '@codegen/contracts';
import { build } from 'esbuild';
import { generateSource } from 'oazapfts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { openTestDatabase, startTestApi, type TestApi, type TestDatabase } from '../support/test-api.js';

const root = resolve(import.meta.dirname, '..', '..', '..', '..');

interface Document {
  readonly paths: Record<string, Record<string, { operationId?: string; requestBody?: unknown }>>;
  readonly components: { schemas: Record<string, { additionalProperties?: unknown }> };
}

/** What somebody writes who has generated a client from the document, with its types. */
const PROGRAM = `
import * as api from './client.js';

export async function run(baseUrl: string, key: string): Promise<unknown[]> {
  api.defaults.baseUrl = baseUrl;
  const headers = { authorization: \`Bearer \${key}\` };
  const body: api.CreateProject = { name: 'from-a-client' };
  const made = await api.createProject(body, { idempotencyKey: 'once' }, { headers });
  if ('code' in made.data) throw new Error(made.data.detail);
  const project: api.Project = made.data;
  const order: api.CreateTask = { project: project.id, type: 'engineering', spec: 'Make it so.' };
  const started = await api.createTask(order, {}, { headers });
  if ('code' in started.data) throw new Error(started.data.detail);
  const page = await api.listTaskEvents(started.data.task.id, { since: 0, limit: 10 }, { headers });
  if ('code' in page.data) throw new Error(page.data.detail);
  const refused = await api.getProject('from-a-clint', { headers });
  if (!('code' in refused.data)) throw new Error('found');
  const told: api.Problem = refused.data;
  return [project.status, page.data.task.status, refused.status, told.code, told.choices];
}
`;

let database: TestDatabase;
let api: TestApi;
let document: Document;
beforeAll(async () => {
  database = await openTestDatabase('PGlite');
  api = await startTestApi(database);
  document = await api.admin.ok('GET', '/openapi.json');
}, 120_000);
afterAll(async () => {
  await api.stop();
  await database.close();
});

test('every operation has a name of its own', () => {
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  const names = operations.map(({ operationId }) => operationId);
  expect(names.filter((name) => !/^[a-z][A-Za-z]+$/.test(name ?? ''))).toEqual([]);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toContain('createProject');
});

test('the models have the names of the contracts, and each is spoken of', () => {
  const names = Object.keys(document.components.schemas);
  const known = Object.keys({ ...dtos, ...models });
  // With a default, a field that may be left out is always given: what is taken in differs from what is given out.
  expect(names.filter((name) => !known.includes(name))).toEqual(['ProjectManifestInput']);
  expect(names).toEqual(expect.arrayContaining(['CreateProject', 'CreatedTask', 'Problem', 'Project', 'Task']));
  const text = JSON.stringify(document);
  for (const name of names) expect(text).toContain(`"#/components/schemas/${name}"`);
});

test('a body says that it takes no field that nobody knows, an answer may grow', () => {
  const { CreateProject, UpdateProject, Project } = document.components.schemas;
  expect([CreateProject?.additionalProperties, UpdateProject?.additionalProperties]).toEqual([false, false]);
  expect(Project?.additionalProperties).not.toBe(true);
  expect(document.paths['/tasks/{id}/cancel']?.post?.requestBody).toBeUndefined();
});

test('a client that is generated from it type-checks, and calls the API', async () => {
  const folder = await tempFolder('codegen-client');
  try {
    const options = { compilerOptions: clientOptions, files: ['program.ts'] };
    await symlink(join(root, 'node_modules'), join(folder.path, 'node_modules'));
    await writeFile(join(folder.path, 'openapi.json'), JSON.stringify(document));
    await writeFile(join(folder.path, 'client.ts'), await generateSource(join(folder.path, 'openapi.json')));
    await writeFile(join(folder.path, 'program.ts'), PROGRAM);
    await writeFile(join(folder.path, 'tsconfig.json'), JSON.stringify(options));
    const checked = await promisify(execFile)(join(root, 'node_modules', '.bin', 'tsc'), ['-p', folder.path]).catch(
      (error: { stdout: string }) => error,
    );
    expect(checked.stdout).toBe('');
    const outfile = join(folder.path, 'program.mjs');
    const entryPoints = [join(folder.path, 'program.ts')];
    await build({ entryPoints, outfile, bundle: true, format: 'esm' });
    const { token } = await api.user();
    const { run } = await import(outfile);
    expect(await run(api.url, token)).toEqual(['draft', 'queued', 404, 'PROJECT_NOT_FOUND', ['from-a-client']]);
  } finally {
    await folder.remove();
  }
}, 60_000);

const clientOptions = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  module: 'ESNext',
  moduleResolution: 'Bundler',
  target: 'ES2023',
  lib: ['ES2023', 'DOM'],
  types: [],
};
