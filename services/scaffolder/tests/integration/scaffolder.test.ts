import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type QueueContract,
  repositoryQueue,
  repositoryResults,
  scaffolderQueue,
  scaffolderResults,
  taskEvents,
} from '@codegen/contracts';
import { closeRedis, connectRedis, publish, queueStats, type Redis } from '@codegen/sdk/queue';
import { type ServiceSettings, startService } from '@codegen/sdk/service';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { program } from '../../../../tests/support/program.js';
import { startRedis, type TestRedis } from '../../../../tests/support/redis.js';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { type ScaffolderConfig, scaffolder } from '../../src/index.js';
import { FakeApi } from '../support/fake-api.js';
import { commitAndPush, git } from '../support/repository.js';

const TEMPLATE = fileURLToPath(new URL('../../../../templates/service', import.meta.url));
const NAME = 'local/proj_1';

let server: TestRedis;
let redis: Redis;
let folder: Awaited<ReturnType<typeof tempFolder>>;
let api: FakeApi;
let http: Awaited<ReturnType<FakeApi['listen']>>;
let running: { stop(): Promise<void> }[];

beforeAll(async () => {
  server = await startRedis();
  redis = connectRedis(server.url, { name: 'test' });
});
afterAll(async () => {
  await closeRedis(redis);
  await server.stop();
});
beforeEach(async () => {
  await redis.flushall();
  folder = await tempFolder('codegen-scaffolder');
  api = new FakeApi();
  http = await api.listen();
  running = [];
});
afterEach(async () => {
  await Promise.all(running.map((one) => one.stop()));
  await http.close();
  await folder.remove();
});

const config = (): ScaffolderConfig & ServiceSettings => ({
  redisUrl: server.url,
  api: { url: http.url, token: 'cgk_test' },
  reposDir: folder.path,
  templateDir: TEMPLATE,
  copier: false,
  leaseMs: 1000,
  retry: { transient: [20, 20] },
});

async function start(changes: Partial<ScaffolderConfig> = {}) {
  running.push(await startService(scaffolder, { ...config(), ...changes }));
}

const request = {
  request_id: 'scaffold-1',
  project_id: 'proj_1',
  repo_full_name: NAME,
  project_name: 'window-seat',
  modules: ['backend'],
  task_id: 'task_1',
  callback_stream: 'task_progress:task_1',
};

/** The messages of a stream, decoded. */
async function entries(contract: QueueContract, stream = contract.stream): Promise<Record<string, unknown>[]> {
  const found = await redis.xrange(stream, '-', '+');
  return found.map(([, fields]) => JSON.parse(fields[1] as string) as Record<string, unknown>);
}

const answers = (contract: QueueContract, count = 1) =>
  waitFor(`${count} answers on ${contract.stream}`, async () => {
    const found = await entries(contract);
    return found.length >= count ? found : undefined;
  });

const settled = (contract: QueueContract) =>
  waitFor(`${contract.stream} to be empty`, async () => (await queueStats(redis, contract)).length === 0);

it('does not start where a folder of its settings is not there, and says which', async () => {
  const none = join(folder.path, 'none');
  await expect(start({ reposDir: none })).rejects.toThrow(`REPOS_DIR is ${none}, which is no folder`);
  await expect(start({ templateDir: none })).rejects.toThrow(`TEMPLATE_DIR is ${none}, which is no folder`);
});

it('scaffolds, then merges, answering each on its stream and telling how far it is', async () => {
  await start();
  await publish(redis, scaffolderQueue, request);
  const [scaffolded] = await answers(scaffolderResults);
  expect(scaffolded).toMatchObject({ request_id: 'scaffold-1', project_id: 'proj_1', status: 'success' });
  expect(api.project).toMatchObject({ status: 'scaffolded', repository_url: scaffolded?.repo_url });

  const clone = join(folder.path, 'clone');
  await git(folder.path, 'clone', '--quiet', join(folder.path, `${NAME}.git`), clone);
  const commit_sha = await commitAndPush(clone, { files: { 'a.txt': 'a' }, branch: 'task/task_1/1' });
  await publish(redis, repositoryQueue, {
    request_id: 'merge-1',
    project_id: 'proj_1',
    task_id: 'task_1',
    epoch: 1,
    operation: 'merge',
    branch: 'task/task_1/1',
    commit_sha,
    expected_main_sha: api.project.main_sha as string,
  });
  const [merged] = await answers(repositoryResults);
  expect(merged).toMatchObject({ request_id: 'merge-1', task_id: 'task_1', status: 'success', main_sha: commit_sha });
  expect(api.project.main_sha).toBe(commit_sha);

  const events = await entries(taskEvents);
  expect(events.map((event) => [event.current_step, event.task_id])).toEqual([['scaffold', 'task_1']]);
  expect(await entries(taskEvents, 'task_progress:task_1')).toHaveLength(1);
  await settled(scaffolderQueue);
  await settled(repositoryQueue);
});

it('answers a request that comes again with the recorded answer', async () => {
  await start();
  await publish(redis, scaffolderQueue, request);
  const [first] = await answers(scaffolderResults);
  await publish(redis, scaffolderQueue, request);
  const both = await answers(scaffolderResults, 2);
  expect(both[1]).toEqual(first);
  expect(api.reports).toHaveLength(1);
});

it('answers what can never succeed, and loses nothing', async () => {
  api.project = { ...api.project, modules: ['rockets'] as never };
  await start();
  await publish(redis, scaffolderQueue, { ...request, modules: ['rockets'] });
  const [answer] = await answers(scaffolderResults);
  expect(answer).toMatchObject({ status: 'failed', error: expect.stringContaining('rockets') });
  expect(api.project.status).toBe('scaffold_failed');
  expect((await queueStats(redis, scaffolderQueue)).deadLetters).toBe(0);
});

it('answers as failed when every try has failed, beside the dead letter', async () => {
  await writeFile(join(folder.path, 'local'), 'a file where the folder should be');
  await start();
  await publish(redis, scaffolderQueue, request);
  const [answer] = await answers(scaffolderResults);
  expect(answer).toMatchObject({ request_id: 'scaffold-1', status: 'failed' });
  expect(api.project.status).toBe('scaffold_failed');
  await waitFor('the dead letter', async () => (await queueStats(redis, scaffolderQueue)).deadLetters === 1);
});

it('answers for a project that the API does not know', async () => {
  await start();
  await publish(redis, scaffolderQueue, { ...request, project_id: 'proj_9', repo_full_name: 'local/proj_9' });
  const [answer] = await answers(scaffolderResults);
  expect(answer).toMatchObject({ project_id: 'proj_9', status: 'failed' });
});

it('what a killed scaffolder leaves half done, another one finishes', async () => {
  const slow = join(folder.path, 'slow-copier');
  const pid = join(folder.path, 'pid');
  await writeFile(slow, `#!/bin/sh\necho $$ > ${pid}\nexec sleep 60\n`, { mode: 0o755 });
  const child = spawnMain({ COPIER: slow });
  try {
    await publish(redis, scaffolderQueue, request);
    const sleeper = Number(await waitFor('the drawing to begin', () => readFile(pid, 'utf8').catch(() => '')));
    child.kill('SIGKILL');
    await once(child, 'exit');
    process.kill(sleeper, 'SIGKILL');
    await start();
    const [answer] = await answers(scaffolderResults);
    expect(answer).toMatchObject({ request_id: 'scaffold-1', status: 'success' });
    expect(await git(join(folder.path, `${NAME}.git`), 'rev-list', '--count', 'main')).toBe('1');
  } finally {
    child.kill('SIGKILL');
  }
});

it('started again under its INSTANCE, it takes at once what it had in hand when it was killed', async () => {
  const slow = join(folder.path, 'slow-copier');
  const pid = join(folder.path, 'pid');
  await writeFile(slow, `#!/bin/sh\necho $$ > ${pid}\nexec sleep 60\n`, { mode: 0o755 });
  const first = spawnMain({ COPIER: slow, INSTANCE: 'scaffolder-a' });
  await publish(redis, scaffolderQueue, request);
  const sleeper = Number(await waitFor('the drawing to begin', () => readFile(pid, 'utf8').catch(() => '')));
  first.kill('SIGKILL');
  await once(first, 'exit');
  process.kill(sleeper, 'SIGKILL');
  const second = spawnMain({ COPIER: 'none', INSTANCE: 'scaffolder-a' });
  try {
    // Under another name it would wait for the lease of 30 s.
    expect((await answers(scaffolderResults))[0]).toMatchObject({ request_id: 'scaffold-1', status: 'success' });
  } finally {
    second.kill('SIGKILL');
  }
});

it('as a program it serves, and stops on SIGTERM with exit code 0', async () => {
  const child = spawnMain({ COPIER: 'none' });
  try {
    await publish(redis, scaffolderQueue, request);
    expect((await answers(scaffolderResults))[0]).toMatchObject({ status: 'success' });
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
  }
});

it('as a program it names the variable that is missing', async () => {
  const child = spawnMain({ REPOS_DIR: '' });
  const said: string[] = [];
  child.stderr?.on('data', (data) => said.push(String(data)));
  expect(await once(child, 'exit')).toEqual([1, null]);
  expect(said.join('')).toContain('REPOS_DIR is not set');
});

function spawnMain(env: Record<string, string>): ChildProcess {
  return spawn(process.execPath, [program('scaffolder')], {
    env: {
      ...{ PATH: process.env.PATH, REDIS_URL: server.url, API_URL: http.url, API_TOKEN: 'cgk_test' },
      ...{ REPOS_DIR: folder.path, TEMPLATE_DIR: TEMPLATE, ...env },
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}
