import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeId, type Project, type ServiceDeployment, type Task, type TaskEvent, wireNow } from '@codegen/contracts';
import type { OrchestratorError } from '@codegen/sdk/errors';
import { closeRedis, connectRedis } from '@codegen/sdk/queue';
import { Chalk } from 'chalk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startRedis } from '../../../../tests/support/redis.js';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { type FakeApi, startFakeApi, TOKEN } from '../../../sdk/tests/support/fake-api.js';
import { cleanWarnings } from '../../src/clean-outcome.js';
import type { CommandId } from '../../src/command-table.js';
import { renderError } from '../../src/render/error.js';
import { type Here, type HereOptions, runHere } from '../support/run-here.js';

let fake: FakeApi;
let env: NodeJS.ProcessEnv;
let folder: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  fake = await startFakeApi();
  ({ path: folder, remove } = await tempFolder('codegen-cli'));
  env = { ORCHESTRATOR_API_URL: fake.url, ORCHESTRATOR_TOKEN: TOKEN, ORCHESTRATOR_CONFIG_DIR: folder };
});
afterEach(async () => {
  await fake.stop();
  await remove();
});

const run = (id: CommandId, argv: readonly string[] = [], options: Partial<HereOptions> = {}) =>
  runHere(id, argv, { env, ...options });

async function startedTask(): Promise<string> {
  const { data } = await run('engineering.start', ['--project', 'todo-api', '--spec', 'Lists']);
  return data.id;
}

async function inputFile(value: unknown): Promise<string> {
  const file = join(folder, 'input.json');
  await writeFile(file, typeof value === 'string' ? value : JSON.stringify(value));
  return file;
}

const posts = (path: string) => fake.seen.filter((one) => one.method === 'POST' && one.path === path);

describe('project create', () => {
  it('says of a dry run that nothing was stored, and names no next step', async () => {
    const flag = await run('project.create', ['blog', '--dry-run']);
    const input = await run('project.create', ['--input', await inputFile({ name: 'blog', dry_run: true })]);

    for (const { data, text } of [flag, input]) {
      expect(data).toMatchObject({ name: 'blog', dry_run: true });
      expect(text).toBe('This would work. Nothing was stored.');
    }
  });
});

describe('a list without items', () => {
  it('says of what was asked for that nothing fits, not that there is nothing at all', async () => {
    const [project, tasks, all] = await Promise.all([
      run('project.list', ['--name', 'nope']),
      run('task.list', ['--status', 'failed']),
      run('task.list'),
    ]);

    expect(project.text).toBe('No project fits. Next: orchestrator project list');
    expect(tasks.text).toBe('No task fits. Next: orchestrator task list');
    expect(all.text).toMatch(/^No tasks\. Next: orchestrator engineering start/);
  });
});

describe('input that is not there', () => {
  it('is told at once: all that is needed, and of what may take its place any one', async () => {
    const redis = { env: { ...env, ORCHESTRATOR_REDIS_URL: 'redis://127.0.0.1:1' } };
    const told = async (id: CommandId, ...argv: string[]) =>
      await run(id, argv, redis).then(
        () => 'nothing',
        (error: Error) => error.message,
      );

    expect(await told('task.fail')).toBe('TASK and --reason are needed');
    expect(await told('task.fail', 'task_1')).toBe('--reason is needed');
    expect(await told('worker.send-file')).toBe('WORKER and FILE are needed');
    expect(await told('worker.send-file', 'w-1', '-')).toBe('PATH is needed');
    expect(await told('worker.send')).toBe('WORKER and MESSAGE are needed');
    expect(await told('config.set')).toBe('NAME and VALUE are needed');
    expect(await told('config.set', '--unset')).toBe('NAME is needed');
    expect(await told('queue.publish', 'deploy:queue')).toBe('--input or --set is needed');
    expect(await told('queue.publish')).toBe('QUEUE, and --input or --set are needed');
    expect(await told('queue.dlq.replay', 'deploy:queue')).toBe('IDS or --all is needed');
    expect(await told('queue.dlq.purge')).toMatch(/^QUEUE, and IDS or /);
    expect(await told('engineering.status')).toBe('TASK or --project is needed');
    expect(await told('engineering.start', '--project', 'blog')).toBe('--spec or --spec-file is needed');
    expect(await told('engineering.start')).toBe('--project, and --spec or --spec-file are needed');
    expect(await told('project.update')).toBe('--name or --description or --input is needed');
  });
});

describe('project update', () => {
  it('changes what is named, and an empty description is none', async () => {
    const first = await run('project.update', ['todo-api', '--description', 'Lists']);
    const second = await run('project.update', ['todo-api', '--name', 'lists', '--description', '']);

    expect(first.data).toMatchObject({ name: 'todo-api', description: 'Lists' });
    expect(second.data).toMatchObject({ id: first.data.id, name: 'lists', description: null });
    expect(fake.seen.at(-1)?.body).toEqual({ name: 'lists', description: null });
  });

  it('names the flag whose value the API refuses', async () => {
    await expect(run('project.update', ['todo-api', '--name', 'No Good'])).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      message: expect.stringMatching(/^--name: must be 2 to 39/),
    });
    await expect(run('project.create', ['No-Good'])).rejects.toMatchObject({
      message: expect.stringMatching(/^name: must be/),
    });
  });

  it('asks what is to change, before anything is sent', async () => {
    await expect(run('project.update', ['todo-api'])).rejects.toMatchObject({
      code: 'INPUT_REQUIRED',
      details: { missing: ['--name', '--description', '--input'] },
    });
    expect(fake.seen).toEqual([]);
  });

  it('does again in a CI job what was done, undone and is wanted again', async () => {
    const ci = { env: { ...env, CI: 'true', GITHUB_RUN_ID: '7' } };
    for (const text of ['one', 'two', 'one']) await run('project.update', ['todo-api', '--description', text], ci);

    expect(fake.projects[0]?.description).toBe('one');
  });
});

describe('project archive', () => {
  it('wants --yes where nobody can be asked, and does nothing without', async () => {
    await expect(run('project.archive', ['todo-api'])).rejects.toMatchObject({
      code: 'INPUT_REQUIRED',
      details: { missing: ['--yes'] },
      next: [{ command: 'orchestrator project archive todo-api --yes' }],
    });
    expect(fake.seen).toEqual([]);

    expect((await run('project.archive', ['todo-api', '--yes'])).data).toMatchObject({ status: 'archived' });
  });

  it('takes no project that was not named', async () => {
    const named = { env: { ...env, ORCHESTRATOR_PROJECT: 'todo-api' } };

    await expect(run('project.archive', ['--yes'], named)).rejects.toMatchObject({ code: 'INPUT_REQUIRED' });
    expect(fake.projects[0]?.status).toBe('draft');
  });

  it('says which task to cancel first', async () => {
    const id = await startedTask();

    await expect(run('project.archive', ['todo-api', '--yes'])).rejects.toMatchObject({
      code: 'CONFLICT',
      next: [{ command: `orchestrator task cancel ${id} --wait` }],
    });
  });
});

describe('project tasks', () => {
  it('lists the tasks of a project that is named or set', async () => {
    const id = await startedTask();
    const named = await run('project.tasks', ['todo-api', '--type', 'engineering', '--fields', 'id']);
    const set = await run('project.tasks', [], { env: { ...env, ORCHESTRATOR_PROJECT: 'todo-api' } });

    expect(named.data.items).toEqual([{ id }]);
    expect(set.data.items).toMatchObject([{ id }]);
    expect(fake.seen.at(-1)?.query.get('project')).toBe('todo-api');
    expect(set.data.items[0]).not.toHaveProperty('spec');
  });
});

describe('deploy list', () => {
  const deployed = (commit: string): ServiceDeployment => ({
    ...{ id: makeId('dep'), request_id: commit, project_id: fake.projects[0]?.id ?? '', project_name: 'todo-api' },
    ...{ task_id: null, server_handle: 'local', service: 'backend', port: 18_000, url: 'http://127.0.0.1:18000' },
    ...{ commit_sha: commit.repeat(40), deployed_at: wireNow() },
  });

  it('shows what runs where, and with --all what ran before', async () => {
    const empty = await run('deploy.list');
    fake.deployments.push(deployed('b'), deployed('a'));
    const now = await run('deploy.list');
    const all = await run('deploy.list', ['--all', '--project', 'todo-api', '--fields', 'url,commit_sha']);

    expect(empty.text).toContain('Nothing is deployed. Next: orchestrator deploy start');
    expect(now.data.items).toMatchObject([{ url: 'http://127.0.0.1:18000', commit_sha: 'b'.repeat(40) }]);
    expect(now.text).toMatch(/^PROJECT +URL .*\ntodo-api +http:\/\/127.0.0.1:18000 +18000 +bbbbbbbb +\ds ago +local$/);
    expect(all.data.items.map(({ commit_sha }: { commit_sha: string }) => commit_sha[0])).toEqual(['b', 'a']);
  });
});

describe('task fail', () => {
  it('ends a task for an administrator with the reason, says how to start it again, and refuses where it has ended', async () => {
    const id = await startedTask();
    const fail = (reason: string, token = fake.makeToken(['*'], 'admin')) =>
      run('task.fail', [id, '--reason', reason, '--yes'], { env: { ...env, ORCHESTRATOR_TOKEN: token } });
    await expect(fail('not mine to end', fake.makeToken(['*']))).rejects.toMatchObject({ exitCode: 6 });
    const { data, text } = await fail('the host is gone');

    expect(data).toMatchObject({ id, status: 'failed', reason: 'failed_by_admin', error: 'the host is gone' });
    expect(text).toContain(`Next: orchestrator task retry ${id}`);
    await expect(fail('again')).rejects.toMatchObject({
      ...{ code: 'TASK_ENDED', exitCode: 5 },
      next: [{ command: `orchestrator task get ${id}` }],
    });
  });

  it('asks for task and reason, and does nothing without a yes', async () => {
    const id = await startedTask();

    await expect(run('task.fail', [])).rejects.toMatchObject({
      details: { missing: ['TASK', '--reason'] },
    });
    await expect(run('task.fail', [id, '--reason', ' '])).rejects.toMatchObject({ details: { missing: ['--reason'] } });
    await expect(run('task.fail', [id, '--reason', 'stuck'])).rejects.toMatchObject({
      code: 'INPUT_REQUIRED',
      next: [{ command: `orchestrator task fail ${id} --reason stuck --yes` }],
    });
    expect(fake.tasks.get(id)?.status).toBe('queued');
  });
});

describe('task cancel', () => {
  it('asks for the end of a task and says how to see it', async () => {
    const id = await startedTask();
    const { data, text } = await run('task.cancel', [id]);

    expect(data).toMatchObject({ id, status: 'queued', cancel_requested: true });
    expect(text).toContain(`Next: orchestrator task watch ${id}`);
  });

  it('refuses for a task that has ended', async () => {
    const id = await startedTask();
    fake.end(id, 'completed');

    await expect(run('task.cancel', [id])).rejects.toMatchObject({
      ...{ code: 'TASK_ENDED', exitCode: 5, message: expect.stringContaining('completed already') },
      next: [{ command: `orchestrator task get ${id}` }],
    });
  });

  it('with --wait ends when the task is cancelled, and tells when that came too late', async () => {
    const [one, two] = [await startedTask(), await startedTask()];
    const cancelled = run('task.cancel', [one, '--wait']);
    await waitFor('the wish', () => fake.tasks.get(one)?.cancel_requested === true);
    fake.end(one, 'cancelled');
    const late = expect(run('task.cancel', [two, '--wait'])).rejects.toMatchObject({
      code: 'TASK_ENDED',
      message: expect.stringContaining('before it could'),
    });
    await waitFor('the other wish', () => fake.tasks.get(two)?.cancel_requested === true);
    fake.end(two, 'completed');

    expect((await cancelled).data).toMatchObject({ id: one, status: 'cancelled' });
    await late;
  });
});

describe('a call that is repeated', () => {
  const ci = () => ({ env: { ...env, CI: 'true', GITHUB_RUN_ID: '7' } });

  it('in a CI job deploys again what has changed since, and says where it has not', async () => {
    const commits = ['a', 'a', 'b'].map((letter) => letter.repeat(40));
    const started: Here[] = [];
    for (const main_sha of commits) {
      Object.assign(fake.projects[0] as Project, { main_sha });
      started.push(await run('deploy.start', ['--project', 'todo-api'], ci()));
    }
    const [first, again, other] = started as [Here, Here, Here];

    expect(first.data).toMatchObject({ commit_sha: commits[0] });
    expect(first.text).toContain(commits[0]);
    expect(again.data).toMatchObject({ id: first.data.id });
    expect(other.data).not.toMatchObject({ id: first.data.id });
    expect(started.map(({ runtime }) => runtime.meta.replayed)).toEqual([undefined, true, undefined]);
    expect(cleanWarnings(again.runtime)).toEqual([expect.stringContaining('nothing was done now')]);
  });

  it('in a CI job retries the attempt that failed, not the task once and for all', async () => {
    const id = await startedTask();
    const attempts = [];
    for (const _ of [1, 2]) {
      fake.end(id, 'failed');
      attempts.push(((await run('task.retry', [id], ci())).data as Task).attempt);
    }

    expect(attempts).toEqual([2, 3]);
  });

  it('in a CI job follows the retry that the job has made already, and no other', async () => {
    const id = await startedTask();
    fake.end(id, 'failed');
    const first = await run('task.retry', [id], ci());
    const again = await run('task.retry', [id], ci());
    fake.end(id, 'completed');
    const last = await run('task.retry', [id], ci());

    expect([first, again, last].map(({ data }) => (data as Task).attempt)).toEqual([2, 2, 2]);
    expect([first, again, last].map(({ runtime }) => runtime.meta.replayed)).toEqual([undefined, true, true]);
    const another = { env: { ...ci().env, GITHUB_RUN_ID: '8' } };
    await expect(run('task.retry', [id], another)).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('to a task shows what its new attempt does, and not what those before it did', async () => {
    const id = await startedTask();
    fake.emit(id, { current_step: 'develop', message: 'round 1: the old way' });
    fake.end(id, 'failed');
    const waits = [run('task.retry', [id, '--wait'], { json: false })];
    await waitFor('the retry', () => fake.tasks.get(id)?.attempt === 2);
    fake.emit(id, { current_step: 'develop', message: 'round 1: the new way' });
    waits.push(run('engineering.wait', [id], { json: false }));
    await waitFor('both', () => fake.seen.filter(({ path }) => path.endsWith('/events')).length > 2);
    fake.end(id, 'completed');

    for (const { stderr } of await Promise.all(waits)) {
      expect(stderr).toContain('the new way');
      expect(stderr).not.toContain('the old way');
    }
  });

  it('does not bring a failed task back, and says how to go on', async () => {
    const again = () =>
      run('engineering.start', ['--project', 'todo-api', '--spec', 'x', '--wait', '--idempotency-key', 'k']);
    const first = again();
    await waitFor('the task', () => fake.tasks.size === 1);
    fake.end(fake.onlyTask(), 'failed');
    await expect(first).rejects.toMatchObject({ code: 'TASK_FAILED' });

    await expect(again()).rejects.toMatchObject({
      ...{ code: 'TASK_ENDED', exitCode: 5 },
      next: [
        { command: `orchestrator task retry ${fake.onlyTask()} --wait` },
        { command: `orchestrator task get ${fake.onlyTask()}` },
      ],
    });
  });
});

describe('deploy start', () => {
  it('of a project without code names the line that has something built', async () => {
    await expect(run('deploy.start', ['--project', 'todo-api'])).rejects.toMatchObject({
      code: 'NOTHING_TO_DEPLOY',
      next: [{ command: 'orchestrator engineering start --project todo-api --spec TEXT --wait' }],
    });
  });

  it('while the first engineering runs names the line that waits for it, and after that failed the one that retries it', async () => {
    const id = await startedTask();
    await expect(run('deploy.start', ['--project', 'todo-api'])).rejects.toMatchObject({
      code: 'NOTHING_TO_DEPLOY',
      message: expect.stringContaining(`${id} (engineering) is queued`),
      next: [{ command: `orchestrator engineering wait ${id}` }],
    });
    fake.end(id, 'failed');
    await expect(run('deploy.start', ['--project', 'todo-api'])).rejects.toMatchObject({
      code: 'NOTHING_TO_DEPLOY',
      next: [{ command: `orchestrator task retry ${id} --wait` }],
    });
  });

  it('puts up nothing of which nothing is built, unless it is wanted anyway', async () => {
    const id = await startedTask();
    fake.end(id, 'failed');
    Object.assign(fake.projects[0] as Project, { main_sha: 'a'.repeat(40) });

    await expect(run('deploy.start', ['--project', 'todo-api'])).rejects.toMatchObject({
      ...{ code: 'NOT_BUILT', exitCode: 5 },
      next: [
        { command: `orchestrator task retry ${id} --wait` },
        { command: 'orchestrator deploy start --project todo-api --anyway' },
      ],
    });
    const { runtime } = await run('deploy.start', ['--project', 'todo-api', '--anyway']);
    expect(runtime.warnings).toEqual([expect.stringContaining(id)]);
    const before = fake.tasks.size;
    const watched = run('deploy.start', ['--project', 'todo-api', '--anyway', '--wait'], { env, json: false });
    const deploy = await waitFor('the deploy', () => [...fake.tasks.values()][before]);
    fake.emit(deploy.id, { message: 'the first event' });
    fake.end(deploy.id, 'completed');
    const { stderr, runtime: after } = await watched;
    expect(stderr).toMatch(new RegExp(`Warning: .*${id}[^]*the first event`));
    expect(after.warnings).toEqual([]);
  });
});

describe('a task whose tests fail', () => {
  const sentence = '1 of 16 tests failed: bad (test/bad.test.js:2) it is bad';
  const output = Array.from({ length: 60 }, (_, n) => `line ${n + 1}`);
  const error = [sentence, ...output].join('\n');

  it('says which one first, and the end of the output below, in `task get` and where it is waited for', async () => {
    const id = await startedTask();
    const waiting = run('engineering.wait', [id]);
    fake.end(id, 'failed', { reason: 'tests_failed', error });
    const failure: OrchestratorError = await waiting.then(
      () => expect.fail('it was told as a success'),
      (thrown) => thrown,
    );
    const screen = { columns: Number.POSITIVE_INFINITY, paint: new Chalk({ level: 0 }) };
    const [first, rest, ...lines] = renderError(failure, [], screen).split('\n');
    const { text } = await run('task.get', [id]);

    expect(first).toBe(`Error: ${id} failed: ${sentence} (TASK_FAILED)`);
    expect(rest).toBe(`  … 20 more lines: orchestrator task logs ${id} --full`);
    expect(lines).toEqual(output.slice(20).map((line) => `  ${line}`));
    expect(text).toMatch(new RegExp(`error +${sentence.replaceAll(/[()./]/g, '.')}\n`));
    expect(text.match(/^ {2}line \d+$/gm)).toHaveLength(40);
  });

  it('shows the tests that failed in TAP output, and not the ones that passed', async () => {
    const id = await startedTask();
    const subtest = (n: number, result: string, more: string[] = []) => {
      const name = `test ${n}`;
      return [`# Subtest: ${name}`, `${result} ${n} - ${name}`, '  ---', '  duration_ms: 1', ...more, '  ...'];
    };
    const passed = Array.from({ length: 20 }, (_, n) => subtest(n + 2, 'ok')).flat();
    const failed = subtest(1, 'not ok', ["  error: 'it is bad'"]);
    fake.end(id, 'failed', { reason: 'tests_failed', error: [sentence, ...failed, ...passed, '1..21'].join('\n') });
    const { text } = await run('task.get', [id]);

    for (const line of [...failed, '1..21']) expect(text).toContain(`  ${line}\n`);
    expect(text).not.toContain('ok 2 - test 2\n');
    expect(text).toContain('… 100 more lines: orchestrator task logs');
  });

  it('has all of it in the logs with --full, and names the failing test once', async () => {
    const id = await startedTask();
    fake.emit(id, { current_step: 'test', message: `round 1: ${sentence}`, error, error_type: 'tests_failed' });
    const [short, full] = [await run('task.logs', [id]), await run('task.logs', [id, '--full'])];

    expect(short.text).toContain('… 20 more lines: --full');
    expect(short.text.match(/line \d+$/gm)).toHaveLength(40);
    expect(full.text.match(/line \d+$/gm)).toHaveLength(60);
    expect(full.text.split(sentence)).toHaveLength(2);
  });
});

describe('secrets', () => {
  const VALUE = 'hunter2-hunter2';
  const environment = ['STRIPE_KEY', 'SALT'].map((name) => ({ name, required: true, secret: true }));
  const requiring = () =>
    Object.assign(fake.projects[0] as Project, { manifest: { test: ['true'], start: ['true'], environment } });

  it('are set from a file, without its last line break, and are told nowhere', async () => {
    const file = join(folder, 'value');
    await writeFile(file, `${VALUE}\n`);
    const { data, text, stdout, stderr } = await run('secret.set', ['SALT', '--project', 'todo-api', '--file', file]);

    expect(data).toMatchObject({ name: 'SALT', reference: expect.stringMatching(/^vault:project/) });
    expect(fake.seen.find(({ method }) => method === 'PUT')?.body).toEqual({ value: VALUE });
    expect([JSON.stringify(data), text, stdout, stderr].join()).not.toContain(VALUE);
  });

  it('are stored without the byte order mark that an editor puts before them', async () => {
    const file = await inputFile(`\ufeff${VALUE}\r\n`);
    await run('secret.set', ['SALT', '--project', 'todo-api', '--file', file]);

    expect(fake.seen.find(({ method }) => method === 'PUT')?.body).toEqual({ value: VALUE });
  });

  it('are refused without a value, and with an empty one, before anything is sent', async () => {
    const file = join(folder, 'value');
    await writeFile(file, '\n');
    const set = ['SALT', '--project', 'todo-api'];

    await expect(run('secret.set', set)).rejects.toMatchObject({
      ...{ code: 'INPUT_REQUIRED', exitCode: 2 },
      next: [{ command: 'orchestrator secret set SALT --project todo-api --file -' }],
    });
    await expect(run('secret.set', [...set, '--file', file])).rejects.toMatchObject({
      ...{ code: 'VALIDATION_FAILED', message: expect.stringContaining('SALT is empty') },
    });
    await writeFile(file, 'x'.repeat(65_537));
    await expect(run('secret.set', [...set, '--file', file])).rejects.toMatchObject({
      ...{ code: 'VALIDATION_FAILED', message: expect.stringContaining('65537 characters; 65536 are allowed') },
    });
    await writeFile(file, 'x'.repeat(5 * 1024 * 1024));
    await expect(run('secret.set', [...set, '--file', file])).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      message: 'the value for SALT has more than the 65536 characters that are allowed: nothing was stored',
    });
    expect(fake.seen).toEqual([]);
  });

  it('are listed by name, with those that a deploy still needs and the line that gives one', async () => {
    requiring();
    const file = await inputFile(VALUE);
    await run('secret.set', ['SALT', '--project', 'todo-api', '--file', file]);
    const { data, text } = await run('secret.list', ['--project', 'todo-api']);

    expect(data.items).toMatchObject([
      { name: 'STRIPE_KEY', state: 'missing', reference: null },
      { name: 'SALT', state: 'set' },
    ]);
    expect(text).toContain('Next: orchestrator secret set STRIPE_KEY --project todo-api');
  });

  it('are deleted with --yes alone where nobody can be asked', async () => {
    await run('secret.set', ['SALT', '--project', 'todo-api', '--file', await inputFile(VALUE)]);
    const remove = ['SALT', '--project', 'todo-api'];

    await expect(run('secret.delete', remove)).rejects.toMatchObject({
      code: 'INPUT_REQUIRED',
      next: [{ command: 'orchestrator secret delete SALT --project todo-api --yes' }],
    });
    expect((await run('secret.delete', [...remove, '--yes'])).data).toEqual({ project: 'todo-api', name: 'SALT' });
    await expect(run('secret.delete', [...remove, '--yes'])).rejects.toMatchObject({
      ...{ code: 'NOT_FOUND', next: [{ command: 'orchestrator secret list --project todo-api' }] },
    });
    expect((await run('secret.list', ['--project', 'todo-api'])).data.items).toEqual([]);
  });

  it('that a task waits for are named by whatever shows the task', async () => {
    requiring();
    Object.assign(fake.projects[0] as Project, { main_sha: 'a'.repeat(40) });
    const { id, project_id } = (await run('deploy.start', ['--project', 'todo-api'])).data;
    const command = `orchestrator secret set STRIPE_KEY --project ${project_id}`;
    const why = 'it waits for the secrets STRIPE_KEY, SALT';
    const waits_for = { type: 'secrets', on: 'person', why, next: { command, when: 'to give it' } };
    Object.assign(fake.tasks.get(id) as Task, { status: 'running', reason: 'waiting_secret', waits_for });

    for (const [command_, argv] of [
      ['task.get', [id]],
      ['deploy.status', [id]],
    ] as const) {
      const { warnings } = (await run(command_, argv)).runtime;
      expect(warnings).toEqual([`it waits for the secrets STRIPE_KEY, SALT: ${command}`]);
    }
    expect((await run('explain', [id])).text).toContain(`Next: ${command}`);
    await expect(run('deploy.wait', [id, '--timeout', '300ms'])).rejects.toMatchObject({
      code: 'STILL_RUNNING',
      next: [command, `orchestrator deploy wait ${id}`, `orchestrator task get ${id}`].map((line) => ({
        command: line,
      })),
    });
    const { text } = await run('diagnose.projects');
    expect(text).toMatch(
      / 1 task running, \d+ queued; 1 of them waits for somebody: it waits for the secrets STRIPE_KEY, SALT/,
    );
    expect(text).toContain(command);
  });
});

describe('a machine that is at fault', () => {
  it('is named by whatever shows the task that waits for it, with what to do', async () => {
    const id = await startedTask();
    const error = 'the disk of worker-manager on host-1 is full (ENOSPC): make room there';
    const waits_for = {
      type: 'system',
      on: 'system',
      why: `it waits: ${error}; it then goes on by itself`,
      next: null,
    };
    Object.assign(fake.tasks.get(id) as Task, { status: 'running', reason: 'waiting_system', error, waits_for });

    expect((await run('task.get', [id])).runtime.warnings).toEqual([`it waits: ${error}; it then goes on by itself`]);
    expect((await run('explain', [id])).text).toContain(error);
    await expect(run('diagnose.projects')).rejects.toMatchObject({
      code: 'UNHEALTHY',
      message: `tasks wait for the system (1): it waits: ${error}; it then goes on by itself`,
      next: [{ command: `orchestrator explain ${id}` }],
    });
  });
});

describe('task retry', () => {
  it('puts a failed task back in line, as its next attempt', async () => {
    const id = await startedTask();
    fake.end(id, 'failed', { error: 'no' });
    const { data, text } = await run('task.retry', [id]);

    expect(data).toMatchObject({ id, status: 'queued', attempt: 2, error: null });
    expect(text).toContain(`Next: orchestrator engineering wait ${id}`);
  });

  it('refuses for a task that has not ended', async () => {
    const id = await startedTask();

    await expect(run('task.retry', [id])).rejects.toMatchObject({
      ...{ code: 'CONFLICT', exitCode: 5 },
      next: [{ command: `orchestrator task get ${id}` }],
    });
  });

  it('publishes the message at once where Redis is in reach, and follows with --wait', async () => {
    const redis = await startRedis();
    const reader = connectRedis(redis.url);
    try {
      const id = await startedTask();
      fake.end(id, 'cancelled');
      const waiting = run('task.retry', [id, '--wait'], { env: { ...env, ORCHESTRATOR_REDIS_URL: redis.url } });
      await waitFor('the message', async () => (await reader.xlen('engineering:queue')) === 1);
      fake.end(id, 'completed');
      const [entry] = await reader.xrange('engineering:queue', '-', '+');

      expect((await waiting).data).toMatchObject({ status: 'completed', attempt: 2 });
      expect(JSON.parse(entry?.[1][1] ?? '')).toMatchObject({ request_id: fake.tasks.get(id)?.request_id });
    } finally {
      await closeRedis(reader);
      await redis.stop();
    }
  });
});

describe('task logs', () => {
  it('shows what has happened, from a place on and as much as is wanted', async () => {
    const id = await startedTask();
    const none = await run('task.logs', [id]);
    for (const message of ['one', 'two', 'three']) fake.emit(id, { message, current_step: 'develop' });
    const all = await run('task.logs', [id]);
    const some = await run('task.logs', [id, '--since', '1', '--limit', '1']);

    expect(none).toMatchObject({ text: 'Nothing has happened yet.', data: { items: [], last_seq: 0, more: false } });
    expect(all.data).toMatchObject({ last_seq: 3, more: false, items: [{ seq: 1 }, { seq: 2 }, { seq: 3 }] });
    expect(all.text).toMatch(/^\d\d:\d\d:\d\d develop {2}one\n.*two\n.*three$/);
    expect(some.data).toMatchObject({ last_seq: 2, more: true, items: [{ message: 'two' }] });
    expect(some.text).toContain(`More: orchestrator task logs ${id} --since 2`);
    expect((await run('task.logs', [id, '--since', '3'])).text).toBe('Nothing has happened after 3.');
  });

  it('reads more events than a page holds', async () => {
    const id = await startedTask();
    for (let count = 0; count < 1001; count += 1) fake.emit(id, { message: 'x' });

    expect((await run('task.logs', [id])).data).toMatchObject({ last_seq: 1001, more: false });
  });

  it('shows every line of a failure, and no control character', async () => {
    const id = await startedTask();
    const error = '2 tests failed\n  ✖ adds \u001b[31mnothing\u001b[0m\u0007\n  ✖ removes all';
    fake.end(id, 'failed', { error });
    const logs = await run('task.logs', [id]);
    const got = await run('task.get', [id]);

    expect(got.text).toMatch(/^engineering {2}failed\n(.*\n)+\ndetails\n/);
    for (const { text } of [logs, got]) {
      expect(text).toContain('✖ adds nothing\n');
      expect(text).toContain('✖ removes all');
      expect(text).not.toContain('\u001b');
      expect(text).not.toContain('\u0007');
    }
  });

  it('names the day of what did not happen today', async () => {
    const id = await startedTask();
    fake.emit(id, { message: 'long ago', timestamp: '2026-01-02T12:00:00.000Z' });
    fake.emit(id, { message: 'now' });

    expect((await run('task.logs', [id])).text).toMatch(/^2026-01-02\n.*long ago\n\d{4}-\d\d-\d\d\n.*now$/);
  });

  it('follows to the end over an API that fails, once each, and ends with 0 however the task does', async () => {
    const id = await startedTask();
    for (const message of ['one', 'two']) fake.emit(id, { message });
    const following = run('task.logs', [id, '--follow', '--since', '1']);
    await waitFor('the long poll', () => fake.seen.some(({ query }) => query.get('since') === '2'));
    fake.intercept = () => ({ status: 503, body: 'down' });
    fake.emit(id, { message: 'three' });
    await waitFor('a failed poll', () => fake.seen.filter(({ path }) => path.endsWith('/events')).length > 3);
    fake.intercept = undefined;
    fake.end(id, 'failed', { error: 'no' });
    const { data, stdout } = await following;
    const lines = stdout.trimEnd().split('\n');
    const events = lines.map((line) => JSON.parse(line) as TaskEvent);

    expect(events.map(({ seq, type }) => [seq, type])).toEqual([
      [2, 'progress'],
      [3, 'progress'],
      [4, 'failed'],
    ]);
    expect(data).toEqual({ id, status: 'failed', last_seq: 4 });
  });

  it('says where to go on when it is stopped', async () => {
    const id = await startedTask();
    fake.emit(id, { message: 'one' });
    const controller = new AbortController();
    const { OrchestratorError } = await import('@codegen/sdk/errors');
    const following = run('task.logs', [id, '--follow'], { signal: controller.signal });
    following.catch(() => undefined);
    await waitFor('the long poll', () => fake.seen.some(({ query }) => query.get('since') === '1'));
    controller.abort(new OrchestratorError('INTERRUPTED', 'interrupted'));

    await expect(following).rejects.toMatchObject({
      code: 'INTERRUPTED',
      next: [{ command: `orchestrator task logs ${id} --follow --since 1` }],
    });
  });
});

describe('--wait', () => {
  it('says, when it is stopped, that the task goes on, and how to follow it again', async () => {
    const controller = new AbortController();
    const { OrchestratorError } = await import('@codegen/sdk/errors');
    const argv = ['--project', 'todo-api', '--spec', 'Lists', '--wait'];
    const waiting = run('engineering.start', argv, { signal: controller.signal });
    waiting.catch(() => undefined);
    await waitFor('the long poll', () => fake.seen.some(({ path }) => path.endsWith('/events')));
    controller.abort(new OrchestratorError('INTERRUPTED', 'interrupted'));

    const [id] = fake.tasks.keys();
    await expect(waiting).rejects.toMatchObject({
      code: 'INTERRUPTED',
      exitCode: 130,
      message: `interrupted; ${id} goes on`,
      next: [{ command: `orchestrator engineering wait ${id}` }, { command: `orchestrator task get ${id}` }],
    });
  });
});

describe('--input', () => {
  it('is the whole request, and flags win over it', async () => {
    const project = { name: 'lists', description: 'Lists', modules: ['backend'] };
    const made = await run('project.create', ['--input', await inputFile(project)]);
    const other = await run('project.create', ['others', '--input', await inputFile(project)]);
    const order = { type: 'engineering', project: 'lists', spec: 'Do it', correlation_id: 'c-1' };
    const task = await run('engineering.start', ['--input', await inputFile(order), '--spec', 'Do that']);

    expect(made.data).toMatchObject({ name: 'lists', description: 'Lists' });
    expect(other.data).toMatchObject({ name: 'others', description: 'Lists' });
    expect(fake.tasks.get(task.data.id)).toMatchObject({
      spec: 'Do that',
      correlation_id: 'c-1',
    } satisfies Partial<Task>);
    expect(posts('/tasks')[0]?.body).toEqual({ ...order, spec: 'Do that' });
  });

  it('wins over what is set, and checks alone where it says so', async () => {
    const settings = { env: { ...env, ORCHESTRATOR_PROJECT: 'nothing-there' } };
    const file = await inputFile({ project: 'todo-api', dry_run: true });
    Object.assign(fake.projects[0] ?? {}, { main_sha: 'a'.repeat(40) });
    const { data } = await run('deploy.start', ['--input', file], settings);

    expect(data).toMatchObject({ type: 'deploy', dry_run: true });
    expect(fake.tasks.size).toBe(0);
  });

  it.each([
    ['a wrong value', { name: 'x y', modules: ['frontend'] }, /^--input: name: must be 2 to 39.*; modules\.0: /],
    ['an unknown field', { name: 'lists', descripton: 'x' }, /^--input: Unrecognized key: "descripton"$/],
    ['no object', ['lists'], /^--input: Invalid input: expected object/],
    ['no JSON, which is not quoted', '{"name": "hunter2"', /^--input is not JSON$/],
  ])('with %s is refused before anything is sent', async (_, value, message) => {
    await expect(run('project.create', ['--input', await inputFile(value)])).rejects.toMatchObject({
      ...{ code: 'VALIDATION_FAILED', exitCode: 2, message: expect.stringMatching(message) },
    });
    expect(fake.seen).toEqual([]);
  });

  it('of another type of task, or from the standard input that the spec comes from, is refused', async () => {
    const deploy = await inputFile({ type: 'deploy', project: 'todo-api' });

    await expect(run('engineering.start', ['--input', deploy])).rejects.toMatchObject({
      message: expect.stringContaining('type: '),
    });
    await rm(deploy);
    await expect(run('engineering.start', ['--input', deploy])).rejects.toMatchObject({ code: 'USAGE' });
    await expect(run('engineering.start', ['--input', '-', '--spec', '-'])).rejects.toMatchObject({
      ...{ code: 'USAGE', message: expect.stringContaining('not both') },
    });
  });
});
