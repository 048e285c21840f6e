import { once } from 'node:events';
import { argumentsOf } from '@codegen/sdk/processes';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { get } from '../support/clients.js';
import { processesOf } from '../support/executor.js';
import { end, ServiceSite, type SiteProject } from '../support/service-site.js';

let site: ServiceSite;
let project: SiteProject;

beforeEach(async () => {
  site = await ServiceSite.open();
  project = await site.addProject('a');
});

afterEach(() => site.close());

const releases = () => processesOf(project.id).length;

test('Killed while a release serves, the service heals at its next start: same port, one release, new processes', async () => {
  const child = await site.spawn();
  const sha = await project.repository.commit({ variant: 'ignores-sigterm' });
  await site.deploy(project, { commit_sha: sha });
  const pid = (await get(project.port, '/pid')).body;
  await end(child, 'SIGKILL');
  expect(processesOf(project.id).map((one) => String(one.pid))).toContain(pid);
  await site.spawn();
  await waitFor('the release to serve', async () => (await get(project.port, '/')).body === sha);
  expect((await get(project.port, '/pid')).body).not.toBe(pid);
  expect(releases()).toBe(1);
});

test('Killed, the service takes with it a release that heeds SIGTERM', async () => {
  const child = await site.spawn();
  await site.deploy(project, { commit_sha: await project.repository.commit() });
  await end(child, 'SIGKILL');
  await waitFor('the release to end', () => releases() === 0);
});

test('Killed while grandchildren run detached, the next start ends them', async () => {
  const child = await site.spawn();
  const sha = await project.repository.commit({ variant: 'spawns' });
  await site.deploy(project, { commit_sha: sha });
  const before = processesOf(project.id).map((one) => one.pid);
  expect(before).toHaveLength(3);
  await end(child, 'SIGKILL');
  await site.spawn();
  await waitFor('the release to serve', async () => (await get(project.port, '/')).body === sha);
  const after = processesOf(project.id).map((one) => one.pid);
  expect(after).toHaveLength(3);
  expect(after.filter((pid) => before.includes(pid))).toEqual([]);
});

test('Killed while a release starts, the deploy is carried out once by the next start', async () => {
  const child = await site.spawn();
  const old = await project.repository.commit();
  await site.deploy(project, { commit_sha: old });
  const sha = await project.repository.commit({ variant: 'slow-start 1500' });
  const message = await site.publish(project, { commit_sha: sha });
  await waitFor('the new release to start', () => releases() === 2);
  await end(child, 'SIGKILL');
  expect(await site.answers(message.request_id)).toEqual([]);
  await site.spawn();
  expect((await site.answer(message.request_id)).status).toBe('success');
  expect((await get(project.port, '/')).body).toBe(sha);
  await waitFor('one release', () => releases() === 1);
  expect(await site.answers(message.request_id)).toHaveLength(1);
});

test('Killed while dependencies are installed, the deploy starts over and leaves nothing half made', async () => {
  const child = await site.spawn();
  const scripts = { install: 'node -e "setTimeout(() => {}, 2500)"' };
  const manifest = { name: 'fixture', version: '1.0.0', scripts, dependencies: { a: 'file:./a' } };
  const files = { 'package.json': JSON.stringify(manifest), 'a/package.json': '{"name":"a","version":"1.0.0"}' };
  const sha = await project.repository.commit({ files });
  const message = await site.publish(project, { commit_sha: sha });
  await waitFor('npm to run', () => releases() > 0);
  await end(child, 'SIGKILL');
  await site.spawn();
  expect((await site.answer(message.request_id)).status).toBe('success');
  expect((await get(project.port, '/')).body).toBe(sha);
  expect(releases()).toBe(1);
});

test('Killed while a release is built, the next start ends what the build command has started', async () => {
  const child = await site.spawn();
  const scripts = { build: 'node slow.js & wait' };
  const files = {
    '.project.yml': JSON.stringify({ build: ['npm', 'run', 'build'], test: ['true'], start: ['node', 'server.mjs'] }),
    'package.json': JSON.stringify({ name: 'fixture', version: '1.0.0', scripts }),
    'slow.js': 'setInterval(() => {}, 1000)',
  };
  await site.publish(project, { commit_sha: await project.repository.commit({ files }) });
  const builders = () => processesOf(project.id).filter(({ pid }) => argumentsOf(pid).includes('slow.js'));
  await waitFor('the build to run', () => builders().length > 0);
  await end(child, 'SIGKILL');
  const before = builders().map(({ pid }) => pid);
  expect(before).toHaveLength(1);
  await site.spawn();
  expect(builders().filter(({ pid }) => before.includes(pid))).toEqual([]);
});

test('A release that kills the service at every start fails its deploy in the end, and other sites are back', async () => {
  const sha = await project.repository.commit();
  const killer = await site.addProject('b');
  let child = await site.spawn();
  await site.deploy(project, { commit_sha: sha });
  let watching = true;
  const supervising = (async () => {
    for (await once(child, 'exit'); watching; await once(child, 'exit')) child = await site.spawn();
  })();
  const program = 'process.kill(process.ppid, "SIGKILL"); setInterval(() => {}, 1000);';
  const start = ['node', 'killer.mjs'];
  const bad = await killer.repository.commit({ start, files: { 'killer.mjs': program } });
  const { request_id } = await site.publish(killer, { commit_sha: bad });
  expect(await site.answer(request_id, 50_000)).toMatchObject({
    status: 'failed',
    error: expect.stringMatching(/^taken over 11 times/),
  });
  await waitFor('the other site', async () => (await get(project.port, '/').catch(() => undefined))?.body === sha);
  watching = false;
  await end(child, 'SIGTERM');
  await supervising;
}, 60_000);

test('SIGTERM stops the service with its releases and exits with 0', async () => {
  const child = await site.spawn();
  await site.deploy(project, { commit_sha: await project.repository.commit({ variant: 'spawns' }) });
  await end(child, 'SIGTERM');
  expect(child.exitCode).toBe(0);
  expect(releases()).toBe(0);
});
