import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Project, Task } from '@codegen/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../../../tests/support/ports.js';
import { type FakeApi, TOKEN } from '../../../sdk/tests/support/fake-api.js';
import { envelopeOf, type Machine, makeSystem } from '../support/run-cli.js';

let fake: FakeApi;
let machine: Machine;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ fake, machine, stop } = await makeSystem());
});
afterAll(() => stop());

async function home(env: Record<string, string> = {}) {
  const ended = await machine.run([], { env });
  expect(ended.code).toBe(0);
  expect(ended.stderr).toBe('');
  return ended.stdout;
}

describe('bare orchestrator', () => {
  it('says that there is no system yet, and how one is started', async () => {
    const text = await home({ ORCHESTRATOR_API_URL: '', ORCHESTRATOR_TOKEN: '' });

    expect(text).toMatch(/^No system yet\n/);
    expect(text).toContain('Next: orchestrator up\n');
  });

  it('names the same start as any other command does without a system', async () => {
    const env = { ORCHESTRATOR_API_URL: '', ORCHESTRATOR_TOKEN: '' };
    for (const args of [
      ['project', 'list'],
      ['diagnose', 'api'],
      ['task', 'get', 'task_1'],
    ]) {
      const { stderr } = await machine.run(args, { env });
      expect(stderr, args.join(' ')).toMatch(/\nTry: orchestrator up\n$/);
      const without = await machine.run(args, {
        env: { ...env, ALLOWED_COMMANDS: 'project.*,diagnose.*,task.*,auth.*' },
      });
      expect(without.stderr, args.join(' ')).toMatch(/\nTry: orchestrator auth login\n$/);
    }
    const { stderr } = await machine.run(['project', 'list'], { env: { ...env, ORCHESTRATOR_API_URL: fake.url } });
    expect(stderr).toMatch(/\nTry: orchestrator auth login\n$/);
  });

  it('shows where projects are deployed, as project get does', async () => {
    const project = fake.projects[0] as Project;
    const url = 'http://127.0.0.1:18123';
    fake.deployments.push({
      ...{ id: 'dep_1', request_id: 'req_1', task_id: null, project_id: project.id, project_name: project.name },
      ...{ server_handle: 'local', service: 'backend', port: 18_123, url },
      ...{ commit_sha: 'abcdef12'.repeat(5), deployed_at: project.created_at },
    });
    const get = async (...args: string[]) => await machine.run(['project', 'get', project.name, ...args]);
    const lacks = fake.makeToken(['project.get', 'project.list']);

    expect(await home()).toMatch(new RegExp(`\n${project.name} +${url}\n`));
    expect((await get()).stdout).toMatch(new RegExp(`\n *url +${url}\n`));
    expect(envelopeOf(await get('--json')).data.urls).toEqual([url]);
    const hidden = await machine.run(['project', 'get', project.name, '--json'], {
      env: { ORCHESTRATOR_TOKEN: lacks },
    });
    expect(envelopeOf(hidden).data).toMatchObject({ name: project.name, urls: null });
    fake.deployments.pop();
  });

  it('says that nobody is logged in', async () => {
    const text = await home({ ORCHESTRATOR_TOKEN: '' });

    expect(text).toMatch(/^Not logged in\n/);
    expect(text).toContain('Next: orchestrator auth login\n');
  });

  it('says that the API does not answer, or refuses the token', async () => {
    const silent = await home({ ORCHESTRATOR_API_URL: `http://127.0.0.1:${await freePort()}` });
    const refused = await home({ ORCHESTRATOR_TOKEN: `${TOKEN}x` });

    expect(silent).toMatch(/^The API does not answer\n/);
    // Nothing says that it was to run on this machine.
    expect(silent).toContain('Next: orchestrator diagnose api\n');
    expect(refused).toMatch(/^The API refuses the token\n/);
    expect(refused).toContain('Next: orchestrator auth login\n');
  });

  it('of a system on this machine that has ended names its folder', async () => {
    const profiles = {
      'local-2': { api_url: `http://127.0.0.1:${await freePort()}`, token: TOKEN, data_dir: '/srv/b' },
    };
    await mkdir(machine.configFolder, { recursive: true });
    const file = join(machine.configFolder, 'config.json');
    await writeFile(file, JSON.stringify({ current_profile: 'local-2', profiles }), { mode: 0o600 });
    const text = await home({ ORCHESTRATOR_API_URL: '', ORCHESTRATOR_TOKEN: '' }).finally(() => rm(file));

    expect(text).toContain('Next: orchestrator up --data-dir /srv/b\n');
  });

  it('says how to begin where nothing is there yet', async () => {
    const projects = fake.projects.splice(0);
    const text = await home();
    fake.projects.push(...projects);

    expect(text).toMatch(/^Ready, nothing here yet\n/);
    expect(text).toContain('Next: orchestrator project create NAME\n');
  });

  it('says who is asking, where the key is for less than lists', async () => {
    const text = await home({ ORCHESTRATOR_TOKEN: fake.makeToken(['task.get']) });

    expect(text).toMatch(/^Ready\n/);
    expect(text).not.toContain('projects');
    expect(text).toContain('Next: orchestrator auth status\n');
  });

  it('asks the API nothing that ALLOWED_COMMANDS does not allow, and proposes only what it does', async () => {
    const asked = async (env: Record<string, string>) => {
      const before = fake.seen.length;
      const text = await home(env);
      return { text, paths: fake.seen.slice(before).map(({ path }) => path) };
    };
    const none = await asked({ ALLOWED_COMMANDS: '' });
    const some = await asked({ ALLOWED_COMMANDS: 'project.list' });
    const start = await asked({ ALLOWED_COMMANDS: 'engineering.start' });
    const away = await asked({ ALLOWED_COMMANDS: 'task.get', ORCHESTRATOR_TOKEN: '' });

    expect(none.text).toMatch(/^ALLOWED_COMMANDS allows no look at the system\n/);
    expect(none.text).toContain('Next: orchestrator --help\n');
    expect(some.text).toMatch(/^Ready\n/);
    expect(some.text).toContain('Next: orchestrator --help\n');
    expect(start.text).toContain('Next: orchestrator engineering start ');
    expect(away.text).toContain('Next: orchestrator --help\n');
    expect([none.paths, some.paths, start.paths, away.paths]).toEqual([[], ['/projects'], [], []]);
    const json = envelopeOf(await machine.run(['--json'], { env: { ALLOWED_COMMANDS: '' } }));
    expect(json.data).toMatchObject({ state: 'not_allowed', user: null, projects: null, running: null });
  });

  it('says what runs now, and how to follow it', async () => {
    expect(await home()).toMatch(/^Ready, nothing runs\n/);
    const started = await machine.run(['engineering', 'start', '--project', 'todo-api', '--spec', 'x', '--json']);
    const { id } = envelopeOf(started).data;
    Object.assign(fake.tasks.get(String(id)) ?? {}, { status: 'running' });
    const text = await home();

    expect(text).toMatch(/^1 running now\n/);
    expect(text).toContain(`Next: orchestrator engineering wait ${id}\n`);
  });

  it('says what a task waits for before what else runs, as explain does', async () => {
    const deploy = [...fake.tasks.values()][0] as Task;
    const command = `orchestrator secret set SALT --project ${deploy.project_id}`;
    const waits_for = {
      type: 'secrets',
      on: 'person',
      why: 'it waits for the secret SALT',
      next: { command, when: 'to give it' },
    };
    Object.assign(deploy, { type: 'deploy', status: 'running', reason: 'waiting_secret', waits_for });
    const { next: told } = envelopeOf(await machine.run(['--json'])).data;
    const { verdict } = envelopeOf(await machine.run(['explain', deploy.id, '--json'])).data as {
      verdict: { next: object };
    };
    const may = { ALLOWED_COMMANDS: 'project.*,task.*,deploy.*,auth.*' };
    const without = envelopeOf(await machine.run(['--json'], { env: may })).data.next;

    expect(told).toEqual({
      command,
      when: expect.any(String),
    });
    expect(verdict.next).toEqual(told);
    expect(without).toMatchObject({ command: `orchestrator deploy wait ${deploy.id}` });
  });
});

describe('the command that comes next', () => {
  it('calls a project as the person did', async () => {
    const started = await machine.run(['engineering', 'start', '--project', 'todo-api', '--spec', 'x', '--json']);
    Object.assign(fake.tasks.get(String(envelopeOf(started).data.id)) ?? {}, { status: 'completed' });
    const { stdout } = await machine.run(['engineering', 'wait', '--project', 'todo-api']);

    expect(stdout).toContain('\nNext: orchestrator deploy start --project todo-api --wait\n');
  });

  it('goes to the system that the command line named, and quotes it', async () => {
    const other = ['--api-url', fake.url, '--profile', "it's"];
    const failed = envelopeOf(await machine.run(['task', 'get', 'task_0', '--json', ...other]));
    const usage = envelopeOf(await machine.run(['task', 'get', 'task_0', '--json', '--nonsense', ...other]));

    expect(failed.next).toMatchObject([
      { command: `orchestrator task list --profile 'it'\\''s' --api-url ${fake.url}` },
    ]);
    expect(usage.next).toMatchObject([{ command: 'orchestrator task get --help' }]);
  });
});
