import { ansibleDeployQueue, engineeringQueue, repositoryQueue, workerCommands } from '@codegen/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Client,
  openTestDatabase,
  startTestApi,
  type TestApi,
  type TestDatabase,
} from '../../../../services/api/tests/support/test-api.js';
import { freePort } from '../../../../tests/support/ports.js';
import { startRedis, type TestRedis } from '../../../../tests/support/redis.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { type RunningConsumer, runConsumer } from '../../src/consumer/index.js';
import { Orchestrator } from '../../src/index.js';
import { closeRedis, connectRedis, publish, type Redis } from '../../src/queue/index.js';

let database: TestDatabase;
let api: TestApi;
let redisServer: TestRedis;
let redis: Redis;
let user: Client;
let service: Client;
beforeAll(async () => {
  [database, redisServer] = await Promise.all([openTestDatabase('PGlite'), startRedis()]);
  api = await startTestApi(database);
  redis = connectRedis(redisServer.url);
  [user, service] = [await api.user(), await api.service()];
});
afterAll(async () => {
  await closeRedis(redis);
  await api.stop();
  await Promise.all([database.close(), redisServer.stop()]);
});

const clientOf = (by: Client, redisUrl?: string) =>
  new Orchestrator({ apiUrl: api.url, token: by.token as string, redisUrl, retry: { attempts: 1 } });

let entries = 0;

/** A claimed engineering task, with a function that emits its events. */
async function claimed(correlation_id?: string) {
  const { id: project } = await user.createProject();
  const order = { project, type: 'engineering', spec: 'x', ...(correlation_id && { correlation_id }) };
  const created = await user.ok('POST', '/tasks', order);
  const { task, message } = created;
  await service.claim(created);
  const tell = async (current_step: string | null, text: string, more: object = {}) => {
    entries += 1;
    const about = { type: 'progress', request_id: task.request_id, task_id: task.id };
    const event = { ...about, current_step, message: text, timestamp: '1999-01-01T00:00:00Z', ...more };
    await service.ok('POST', '/events', { events: [{ entry_id: `1700000000000-${entries}`, event }] });
  };
  return { project, task, message, tell };
}

describe('explaining a task over HTTP alone', () => {
  it('says which services do not run', async () => {
    const { task } = await claimed();
    const verdict = async () => (await clientOf(user).tasks.explain(task.id)).verdict;
    expect((await verdict()).state).toBe('running');
    await service.ok('PUT', '/services/langgraph/one', { version: '0.1.0' });
    expect((await verdict()).state).toBe('running');
    await database.sql(`update services set seen_at = now() - interval '31 seconds'`);
    expect(await verdict()).toMatchObject({
      ...{ state: 'waiting', why: 'it waits for langgraph, which does not run' },
      next: { command: 'orchestrator diagnose services' },
    });
    await database.sql('delete from services');
  });

  it('says what happened, which sources were not read, and what to do', async () => {
    const { task, project, tell } = await claimed();
    await tell('claim', 'engineering began', { type: 'started' });
    await tell('develop', 'round 1 of 3: the developer starts');
    const report = { worker_id: 'w-1', exit_code: 0, result: { status: 'success', commit_sha: 'abc', branch: 'b' } };
    await service.ok('PUT', `/tasks/${task.id}/attempts/1`, report);
    await tell('develop', 'round 1: 1 file changed');
    await service.ok('POST', `/tasks/${task.id}/transition`, {
      ...{ epoch: 1, status: 'completed', result: { commit_sha: 'abcdef' } },
    });
    await tell(null, 'done', { type: 'completed' });
    const explained = await clientOf(user).tasks.explain(task.id);

    expect(explained.entries.map(({ kind }) => kind)).toEqual([
      ...['created', 'message', 'claim', 'step', 'step', 'worker', 'commit', 'result', 'end'],
    ]);
    // The producers' clocks stood still in 1999; the database's did not.
    for (const { at } of explained.entries) if (at) expect(at > '2020').toBe(true);
    expect(explained.sources).toMatchObject({ api: 'read', event: 'read: 4', stream: 'not read: no Redis URL' });
    expect(explained.unread).toEqual(['stream']);
    expect(explained.task).not.toHaveProperty('spec');
    expect(explained.verdict).toMatchObject({
      state: 'completed',
      next: { command: `orchestrator deploy start --project ${project} --wait` },
    });
  });

  it('finds the newest task of a call, and names the others', async () => {
    const first = await claimed('one call: ?&#%');
    const second = await claimed('one call: ?&#%');
    const explained = await clientOf(user).tasks.explain('one call: ?&#%');

    expect(explained.task.id).toBe(second.task.id);
    expect(explained.related).toEqual([{ id: first.task.id, type: 'engineering', status: 'running' }]);
  });

  it('knows both runs of a task that was tried again', async () => {
    const { task, tell } = await claimed();
    await tell('claim', 'engineering began', { type: 'started' });
    await service.ok('POST', `/tasks/${task.id}/transition`, { epoch: 1, status: 'failed', error: 'broken' });
    await tell(null, 'the agent failed', { type: 'failed', error: 'broken', error_type: 'agent_failed' });
    await user.ok('POST', `/tasks/${task.id}/retry`);
    const { entries: listed, verdict } = await clientOf(user).tasks.explain(task.id);

    expect(listed.map(({ kind }) => kind)).toEqual(['created', 'message', 'claim', 'step', 'end', 'message']);
    expect(listed.at(-1)?.cause).toBe(listed.at(-2)?.id);
    expect(verdict.state).toBe('waiting');
  });

  it('says which task a queued one waits for', async () => {
    const { project, task } = await claimed();
    const behind = await user.startEngineering(project);
    const { verdict } = await clientOf(user).tasks.explain(behind.task.id);

    expect(verdict.why).toBe(`it waits for its turn: ${task.id} of the same project is running`);
  });

  it('hides other people’s tasks', async () => {
    const { task } = await claimed('a call of mine');
    const stranger = clientOf(await api.user());

    const notFound = { code: 'TASK_NOT_FOUND', exitCode: 3 };
    await expect(stranger.tasks.explain(task.id)).rejects.toMatchObject(notFound);
    await expect(stranger.tasks.explain('a call of mine')).rejects.toMatchObject(notFound);
  });

  it('takes a key for explaining and nothing else', async () => {
    const key = { name: 'explainer', user_id: user.userId, scopes: ['explain'] };
    const { secret } = await api.admin.ok('POST', '/api-keys', key);
    const { task } = await claimed('for the explainer');
    const explainer = clientOf({ token: secret } as Client);

    expect((await explainer.tasks.explain(task.id)).task.id).toBe(task.id);
    expect((await explainer.tasks.explain('for the explainer')).task.id).toBe(task.id);
    await expect(explainer.tasks.cancel(task.id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('explaining a task with Redis in reach', () => {
  it('finds its messages that wait, are in flight, are delayed or are dead letters, and no others', async () => {
    const { task, project, message, tell } = await claimed();
    const about = { correlation_id: task.correlation_id, project_id: project };
    await publish(redis, engineeringQueue, message);
    await publish(redis, engineeringQueue, { task_id: 'task_other', project_id: 'p', user_id: 0 });
    await publish(redis, workerCommands, { command: 'delete', request_id: 'delete-1', worker_id: 'w-1', ...about });
    const letter = {
      ...{ ...about, request_id: 'merge-1', task_id: task.id, epoch: 1, operation: 'merge' as const },
      ...{ branch: 'b', commit_sha: 'abc', expected_main_sha: 'def' },
    };
    await publish(redis, repositoryQueue, letter);
    const deploy = {
      ...{ ...about, request_id: 'deploy-1', task_id: task.id, project_name: 'p', repo_full_name: 'local/p' },
      ...{
        server_ip: '127.0.0.1',
        port: 18_000,
        modules: ['backend' as const],
        github_token_ref: 'none:',
        secrets_ref: 'none:',
      },
    };
    await publish(redis, ansibleDeployQueue, deploy);
    await tell('claim', 'engineering began', { type: 'started' });
    await tell('merge', 'merging the tested commit into main');
    await tell('merge', 'main moves', { request_id: 'merge-1' });
    const refuse = () => Promise.reject(new Error('no such branch'));
    const consumers = [
      consume({ contract: repositoryQueue, handler: refuse, retry: { transient: [] } }),
      consume({ contract: ansibleDeployQueue, handler: refuse, retry: { transient: [60_000] } }),
      consume({ contract: engineeringQueue, handler: () => new Promise(() => undefined) }),
    ];
    const client = clientOf(user, redisServer.url);
    const queueEntries = async () =>
      (await client.tasks.explain(task.id)).entries.filter(({ kind }) => kind === 'queue');
    await waitFor('all four states', async () => {
      return new Set((await queueEntries()).map(({ details }) => details.state)).size === 4;
    });
    const found = await queueEntries();
    const { sources, unread, verdict } = await client.tasks.explain(task.id);
    await Promise.all(consumers.map((one) => one.stop()));

    const listed = found.map(({ details, cause }) => [details.stream, details.state, cause]);
    expect(listed).toHaveLength(4);
    expect(listed).toContainEqual(['engineering:queue', 'pending', `message:${task.request_id}`]);
    expect(listed).toContainEqual(['repository:queue', 'dead', 'event:2']);
    expect(listed).toContainEqual(['worker:commands', 'waiting', 'event:2']);
    expect(listed).toContainEqual(['ansible:deploy:queue', 'delayed', 'event:2']);
    expect(found.find(({ failed }) => failed)?.details.error).toContain('no such branch');
    expect(sources.stream).toBe('read');
    expect(unread).toEqual([]);
    expect(verdict).toMatchObject({
      state: 'stuck',
      next: { command: 'orchestrator queue dlq list repository:queue' },
    });

    // Another writer may have put the whole of an error into its dead letter.
    const error = 'refused by https://git:hunter2hunter2@host';
    const letterOfPeer = { error, correlation_id: task.correlation_id };
    const entry = { original_message: JSON.stringify({ data: '{}' }), error_context: JSON.stringify(letterOfPeer) };
    await redis.xadd('deploy:queue:dlq', '*', ...Object.entries(entry).flat());
    const ofPeer = (await queueEntries()).find(({ details }) => details.stream === 'deploy:queue');
    expect(ofPeer?.details.error).toBe('refused by https://git:[redacted]@host');
    await client.close();
  });

  it('says that Redis does not answer, and explains the rest', async () => {
    const { task } = await claimed();
    const client = clientOf(user, `redis://:hunter2hunter2@127.0.0.1:${await freePort()}`);
    const { sources, entries: listed } = await client.tasks.explain(task.id);

    expect(sources.stream).toMatch(/^not read: Redis/);
    expect(sources.stream).not.toContain('hunter2');
    expect(listed.length).toBeGreaterThan(2);
  });

  it('ends within moments of an abort while it waits for Redis', async () => {
    const { task } = await claimed();
    const controller = new AbortController();
    const client = clientOf(user, `redis://127.0.0.1:${await freePort()}`);
    const explaining = client.tasks.explain(task.id, { signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), 700);
    const startedMs = performance.now();

    await expect(explaining).rejects.toThrow('enough');
    expect(performance.now() - startedMs).toBeLessThan(1500);
  });
});

type Options = Pick<Parameters<typeof runConsumer>[0], 'contract' | 'handler' | 'retry'>;

/** Consumes a queue with a handler, until the test ends. */
function consume(options: Options): RunningConsumer {
  return runConsumer({
    redisUrl: redisServer.url,
    consumer: 'langgraph-1',
    service: 'test',
    deadlineMs: 0,
    ...options,
  });
}
