import { readdir } from 'node:fs/promises';
import type { AnsibleDeployMessage, Project, Task } from '@codegen/contracts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import type { Executor } from '../../src/executors/executor.js';
import { builtInExecutors } from '../../src/executors/registry.js';
import { get } from '../support/clients.js';
import { processesOf, someFileHolds } from '../support/executor.js';
import { ServiceSite, type SiteProject } from '../support/service-site.js';

const TOKEN = 'correct-horse-battery';
const NEEDS_TOKEN = [{ name: 'TOKEN', required: true, secret: true }];

let site: ServiceSite;
let project: SiteProject;

beforeEach(async () => {
  site = await ServiceSite.open();
  project = await site.addProject('a');
});

afterEach(() => site.close());

test('A deploy is answered on the results stream and under its key, and told as progress', async () => {
  await site.start();
  site.api.addTask('task_1', { project_id: project.id });
  const sha = await project.repository.commit();
  const message = await site.publish(project, {
    commit_sha: sha,
    task_id: 'task_1',
    callback_stream: 'task_progress:task_1',
  });
  const answer = await site.answer(message.request_id);
  expect(answer).toMatchObject({
    status: 'success',
    deployed_url: `http://127.0.0.1:${project.port}`,
    server_ip: '127.0.0.1',
    port: project.port,
    error: null,
  });
  expect(answer.duration_ms).toBeGreaterThan(0);
  expect((await get(project.port, '/')).body).toBe(sha);
  const key = `deploy:result:${message.request_id}`;
  expect(JSON.parse((await site.redis.get(key)) as string)).toEqual(answer);
  expect(await site.redis.ttl(key)).toBeGreaterThan(3500);
  await waitFor('the acknowledgement', async () => (await site.redis.xlen('ansible:deploy:queue')) === 0);
  const events = await site.progress('task:events');
  expect(events.map(({ message: text }) => text)).toEqual([
    expect.stringMatching(/fetching/),
    expect.stringMatching(/starting/),
    expect.stringMatching(/healthy/),
  ]);
  expect(events.every((event) => event.task_id === 'task_1' && event.current_step === 'deploy')).toBe(true);
  expect(await site.progress('task_progress:task_1')).toHaveLength(3);
});

test('A task that has ended changes nothing at its address, whether it ended before the deploy or before the switch', async () => {
  await site.start();
  const first = await project.repository.commit();
  await site.answer((await site.publish(project, { commit_sha: first })).request_id);
  const second = await project.repository.commit();
  site.api.addTask('task_1', { project_id: project.id });
  for (const asked of [['cancelled'], ['running', 'cancelled']] as Task['status'][][]) {
    site.api.taskStatus = () => asked.shift() ?? 'cancelled';
    const { request_id } = await site.publish(project, { commit_sha: second, task_id: 'task_1' });
    expect(await site.answer(request_id)).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('has ended'),
    });
    expect(asked).toEqual([]);
    expect((await get(project.port, '/')).body).toBe(first);
  }
  expect(processesOf(project.id).filter(({ marker }) => marker.includes(second))).toEqual([]);
});

test('A deploy whose task is cancelled is given up though its release may still get healthy, and leaves no process', async () => {
  await site.start();
  const task = site.api.addTask('task_1', { project_id: project.id });
  const sha = await project.repository.commit({ start: ['sleep', '600'] });
  const { request_id } = await site.publish(project, { commit_sha: sha, task_id: 'task_1' });
  await waitFor('the release to start', async () =>
    (await site.progress('task:events')).some(({ message }) => message?.startsWith('starting')),
  );
  task.cancel_requested = true;

  const answer = await site.answer(request_id);
  expect(answer).toMatchObject({ status: 'failed', reason: null, error: expect.stringContaining('has ended') });
  expect(processesOf(project.id)).toEqual([]);
});

test('The same request again is answered with the recorded result, and nothing restarts', async () => {
  await site.start();
  const message = await site.publish(project, { commit_sha: await project.repository.commit() });
  const first = await site.answer(message.request_id);
  const pid = (await get(project.port, '/pid')).body;
  await site.publish(project, message);
  await waitFor('the second answer', async () => (await site.answers(message.request_id)).length === 2);
  expect((await site.answers(message.request_id))[1]).toEqual(first);
  expect((await get(project.port, '/pid')).body).toBe(pid);
});

test('The same request after its record has expired succeeds without a restart', async () => {
  await site.start();
  const message = await site.publish(project, { commit_sha: await project.repository.commit() });
  await site.answer(message.request_id);
  const pid = (await get(project.port, '/pid')).body;
  await site.redis.del(`deploy:result:${message.request_id}`);
  await site.publish(project, message);
  await waitFor('the second answer', async () => (await site.answers(message.request_id)).length === 2);
  expect((await site.answers(message.request_id))[1]?.status).toBe('success');
  expect((await get(project.port, '/pid')).body).toBe(pid);
});

test('Secrets reach the release alone: no stream, key, log, file or answer holds one', async () => {
  await site.start();
  site.api.values = { TOKEN };
  site.api.addTask('task_1', { project_id: project.id });
  const secrets_ref = `vault:project/${project.id}`;
  const good = await project.repository.commit({ environment: NEEDS_TOKEN });
  expect((await site.deploy(project, { commit_sha: good, secrets_ref, task_id: 'task_1' })).status).toBe('success');
  expect(site.api.requests).toEqual([{ reference: secrets_ref, authorization: 'Bearer cgk_test' }]);
  expect(JSON.parse((await get(project.port, '/env')).body).TOKEN).toBe(TOKEN);
  const bad = await project.repository.commit({ variant: 'exits', environment: NEEDS_TOKEN });
  const failed = await site.deploy(project, { commit_sha: bad, secrets_ref, task_id: 'task_1' });
  expect(failed).toMatchObject({ status: 'failed', reason: 'start_failed', exit_code: 7, stdout: 'about to fail\n' });
  expect(failed.stderr).toBe('cannot work with [redacted]\n');
  expect((await get(project.port, '/')).body).toBe(good);
  expect(site.log.join('\n')).not.toContain(TOKEN);
  expect(await someFileHolds(site.releasesDir, TOKEN)).toBe(false);
  // Redis' append-only file has every command in plain.
  expect(await someFileHolds(site.server.folder, 'about to fail')).toBe(true);
  expect(await someFileHolds(site.server.folder, TOKEN)).toBe(false);
});

test('A missing secret is answered as secret_missing', async () => {
  await site.start();
  site.api.refuse = { status: 404, code: 'NOT_FOUND' };
  const sha = await project.repository.commit({ environment: NEEDS_TOKEN });
  const answer = await site.deploy(project, { commit_sha: sha, secrets_ref: `vault:project/${project.id}` });
  expect(answer).toMatchObject({ status: 'failed', reason: 'secret_missing' });
});

test('An API that is away delays the deploy, but does not fail it', async () => {
  await site.start();
  site.api.refuse = { status: 503, code: 'API_UNAVAILABLE' };
  const sha = await project.repository.commit({ environment: NEEDS_TOKEN });
  site.api.values = { TOKEN };
  const message = await site.publish(project, { commit_sha: sha, secrets_ref: `vault:project/${project.id}` });
  await waitFor('a first try', () => site.api.requests.length > 0);
  site.api.refuse = undefined;
  expect((await site.answer(message.request_id, 40_000)).status).toBe('success');
});

test('A deploy that is dead-lettered is still answered as failed', async () => {
  await site.start();
  site.api.refuse = { status: 400, code: 'VALIDATION_FAILED' };
  const sha = await project.repository.commit({ environment: NEEDS_TOKEN });
  const answer = await site.deploy(project, { commit_sha: sha, secrets_ref: `vault:project/${project.id}` });
  expect(answer).toMatchObject({ status: 'failed', error: expect.stringContaining('not for you') });
  await waitFor('the dead letter', async () => (await site.redis.xlen('ansible:deploy:queue:dlq')) === 1);
  await site.redis.xadd('ansible:deploy:queue', '*', 'data', JSON.stringify({ version: '9', request_id: 'r-new' }));
  expect((await site.answer('r-new')).status).toBe('failed');
});

test('Deploys of one project go one after the other, those of another go on beside them', async () => {
  await site.start();
  const other = await site.addProject('b');
  const slow = await site.publish(project, {
    commit_sha: await project.repository.commit({ variant: 'slow-start 3000' }),
  });
  const last = await project.repository.commit();
  const next = await site.publish(project, { commit_sha: last });
  const quick = await site.publish(other, { commit_sha: await other.repository.commit() });
  expect((await site.answer(quick.request_id)).status).toBe('success');
  expect(await site.answers(slow.request_id)).toEqual([]);
  expect((await site.answer(next.request_id)).status).toBe('success');
  expect(await site.answers(slow.request_id)).toHaveLength(1);
  expect((await get(project.port, '/')).body).toBe(last);
});

test('Stopping ends every release, and gives an unfinished deploy back to the queue', async () => {
  const service = await site.start();
  await site.deploy(project, { commit_sha: await project.repository.commit({ variant: 'spawns' }) });
  const message = await site.publish(project, {
    commit_sha: await project.repository.commit({ variant: 'never-listens' }),
  });
  await waitFor('the second release to start', () => processesOf(project.id).length >= 4);
  await service.stop();
  expect(processesOf(project.id)).toEqual([]);
  expect(await site.answers(message.request_id)).toEqual([]);
  expect(await site.redis.xlen('ansible:deploy:queue')).toBe(1);
});

test('A message that does not fit what the API knows is refused with a sentence, before anything is made or run', async () => {
  await site.start();
  const other = await site.addProject('b');
  const archived = await site.addProject('c');
  const [mine, , gone] = site.api.projects as [Project, Project, Project];
  gone.status = 'archived';
  site.api.addTask('task_other', { project_id: other.id });
  site.api.addTask('task_over', { project_id: project.id, status: 'completed' });
  site.api.addTask('task_of_code', { project_id: project.id, type: 'engineering' });
  const forged: [Partial<AnsibleDeployMessage>, RegExp][] = [
    [{ project_id: mine.name }, /must be the project's id, and name-of-.* is none/],
    [{ project_id: 'proj_none' }, /there is no project proj_none/],
    [{ project_id: '../../tmp' }, /there is no project/],
    [{ project_id: archived.id, repo_full_name: archived.repository.fullName }, /is archived/],
    [{ repo_full_name: other.repository.fullName }, /is not the repository of/],
    [{ repo_full_name: project.id }, /is not the repository of/],
    [{ repo_full_name: '' }, /is not the repository of/],
    [{ clone_url: `${other.repository.fullName}.git` }, /clone_url is not that of the repository of/],
    [{ clone_url: 'ext::touch /tmp/x' }, /clone_url is not that of the repository of/],
    [{ github_token_ref: 'vault:platform/GIT_TOKEN' }, /github_token_ref is not that of the repository of/],
    [{ port: other.port }, /port \d+ of 127\.0\.0\.1 is not allocated to/],
    [{ server_ip: '10.0.0.9' }, /of 10\.0\.0\.9 is not allocated to/],
    [{ server_kind: 'ansible' }, /on a server of the kind ansible/],
    [{ secrets_ref: `vault:project/${other.id}` }, /secrets_ref must be none:, vault:project\//],
    [{ secrets_ref: 'vault:platform/KEY' }, /secrets_ref must be/],
    [{ secrets_ref: 'env:PATH' }, /secrets_ref must be/],
    [{ task_id: 'task_other' }, /task_other is not a deploy of/],
    [{ task_id: 'task_of_code' }, /task_of_code is not a deploy of/],
    [{ task_id: 'task_over' }, /task_over is completed/],
    [{ task_id: 'task_none' }, /there is no task task_none/],
  ];
  const commit_sha = await project.repository.commit();
  const unmerged = await project.repository.commitBeside();
  forged.push([{ commit_sha: unmerged }, /is not on main of/]);
  const answers = await Promise.all(forged.map(([fields]) => site.deploy(project, { commit_sha, ...fields })));
  for (const [i, [fields, why]] of forged.entries()) {
    expect([fields, answers[i]?.status, answers[i]?.error]).toEqual([fields, 'failed', expect.stringMatching(why)]);
  }
  expect(await readdir(site.releasesDir)).toEqual(['lock']);
  expect(site.api.requests).toEqual([]);
  expect(await site.progress('task:events')).toEqual([]);
  expect((await site.deploy(project, { commit_sha })).status).toBe('success');
  expect((await readdir(site.releasesDir)).sort()).toEqual(['lock', project.id]);
});

test('The kind of its server chooses who carries a deploy out, and one that nobody serves stops no other', async () => {
  const carriedOut: AnsibleDeployMessage[] = [];
  const far: Executor = {
    deploy: async (message) => {
      carriedOut.push(message);
      return { url: `http://${message.server_ip}:${message.port}` };
    },
    ...{ isHere: () => false, runs: () => false, runAgain: () => undefined, stop: async () => undefined },
  };
  await site.start({}, { ...builtInExecutors, ansible: async () => far });
  const [other, strange] = [await site.addProject('b'), await site.addProject('c')];
  const place = (id: string, kind: string) => {
    const at = site.api.allocations.find(({ project_id }) => project_id === id);
    Object.assign(at ?? {}, { server_ip: '203.0.113.7', server_kind: kind });
    return { server_ip: '203.0.113.7', server_kind: kind };
  };
  const commit_sha = await project.repository.commit();
  const answers = await Promise.all([
    site.deploy(strange, place(strange.id, 'mainframe')),
    site.deploy(other, place(other.id, 'ansible')),
    site.deploy(project, { commit_sha }),
  ]);

  expect(answers).toMatchObject([
    { status: 'failed', reason: null },
    { status: 'success', deployed_url: `http://203.0.113.7:${other.port}` },
    { status: 'success' },
  ]);
  expect(answers[0]?.error).toMatch(/of the kind mainframe.*serves the kinds ansible, local.*infra server set/);
  expect(carriedOut).toMatchObject([{ project_id: other.id, server_kind: 'ansible' }]);
  expect((await get(project.port, '/')).body).toBe(commit_sha);
});

test('While the API is away a deploy waits, and is checked when it is back', async () => {
  await site.start();
  site.api.away = true;
  const message = await site.publish(project, { commit_sha: await project.repository.commit() });
  await waitFor('a first try', () => site.api.missed > 0);
  expect(await readdir(site.releasesDir)).toEqual(['lock']);
  site.api.away = false;
  expect((await site.answer(message.request_id, 40_000)).status).toBe('success');
});
