import { makeId, wireNow } from '@codegen/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Orchestrator } from '../../src/index.js';
import { type FakeApi, startFakeApi, TOKEN } from '../support/fake-api.js';

let fake: FakeApi;
let client: Orchestrator;
beforeEach(async () => {
  fake = await startFakeApi();
  client = new Orchestrator({ apiUrl: fake.url, token: TOKEN, retry: { baseMs: 5, maxMs: 20, attempts: 2 } });
});
afterEach(() => fake.stop());

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const gathered: T[] = [];
  for await (const item of items) gathered.push(item);
  return gathered;
}

async function failedTask(): Promise<string> {
  const { id } = await client.engineering.start({ project: 'todo-api', spec: 'Lists' });
  fake.end(id, 'failed', { error: 'no' });
  return id;
}

describe('the groups of the client', () => {
  it('projects are changed, once under one key, and archived', async () => {
    const change = (description: string) =>
      client.projects.update('todo-api', { description }, { idempotencyKey: 'mine' });
    const first = await change('Lists');

    expect(await change('Lists')).toEqual(first);
    await expect(change('Other')).rejects.toMatchObject({ code: 'IDEMPOTENCY_MISMATCH', exitCode: 5 });
    expect(await client.projects.archive('todo-api')).toMatchObject({ status: 'archived', description: 'Lists' });
    await expect(client.projects.update('todo-api', { description: null })).rejects.toMatchObject({
      code: 'PROJECT_ARCHIVED',
    });
  });

  it('deployments are walked over pages, or only those that run', async () => {
    const project_id = fake.projects[0]?.id ?? '';
    for (let port = 1; port <= 3; port += 1) {
      fake.deployments.unshift({
        ...{ id: makeId('dep'), request_id: `r${port}`, project_id, task_id: null, server_handle: 'local' },
        ...{ service: 'backend', port, url: 'http://x', commit_sha: 'a', deployed_at: wireNow() },
      });
    }
    const ports = (await all(client.deploy.list({ project: 'todo-api', limit: 2 }))).map(({ port }) => port);

    expect(ports).toEqual([3, 2, 1]);
    expect((await client.deploy.page({ current: true })).items.map(({ port }) => port)).toEqual([3]);
  });

  it('a retried task is a handle of its next attempt, whose result is its own', async () => {
    const id = await failedTask();
    const handle = await client.tasks.retry(id);
    fake.end(id, 'completed');

    expect(handle.task).toMatchObject({ id, status: 'queued', attempt: 2 });
    expect((await handle.result()).status).toBe('completed');
    await expect(client.tasks.retry(id)).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('logs are what there is, or with follow go on to the end', async () => {
    const { id } = await client.engineering.start({ project: 'todo-api', spec: 'Lists' });
    fake.emit(id, { message: 'one' });
    const there = await all(client.tasks.logs(id));
    const following = all(client.tasks.logs(id, { since: 1, follow: true }));
    fake.end(id, 'completed');

    expect(there.map(({ seq }) => seq)).toEqual([1]);
    expect((await following).map(({ seq, type }) => [seq, type])).toEqual([[2, 'completed']]);
    const reason = new Error('enough');
    await expect(all(client.tasks.logs(id, { signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
  });

  it('keys are made, listed over pages and revoked', async () => {
    const { key, secret } = await client.keys.create({ name: 'ci', scopes: ['deploy.*'] });

    expect(secret).toContain(`cgk_${key.prefix}_`);
    expect((await all(client.keys.list({ limit: 1 }))).map(({ name }) => name)).toEqual(['ci', 'test']);
    expect((await client.keys.revoke(key.id)).revoked_at).not.toBeNull();
    expect((await client.keys.page({ state: 'valid' })).items.map(({ name }) => name)).toEqual(['test']);
  });

  it('secrets are set, listed without values and deleted', async () => {
    await client.secrets.set('todo-api', 'API_KEY', 'hunter2');

    expect((await client.secrets.list('todo-api')).map(({ name }) => name)).toEqual(['API_KEY']);
    await client.secrets.delete('todo-api', 'API_KEY');
    expect(await client.secrets.list('todo-api')).toEqual([]);
    await expect(client.secrets.delete('todo-api', 'API_KEY')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
