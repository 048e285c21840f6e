import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { roleScopes } from '@codegen/contracts/scopes';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeApi, startFakeApi, TOKEN } from '../../../sdk/tests/support/fake-api.js';
import { type CommandId, commandName, commandTable, entryOf } from '../../src/command-table.js';
import { envelopeOf, type Machine, makeMachine } from '../support/run-cli.js';

let fake: FakeApi;
let machine: Machine;
beforeEach(async () => {
  fake = await startFakeApi();
  machine = await makeMachine();
});
afterEach(async () => {
  await fake.stop();
  await machine.remove();
});

async function logIn(token: string, profile = 'default'): Promise<void> {
  const args = ['auth', 'login', '--profile', profile, '--api-url', fake.url, '--token-stdin'];
  expect(await machine.run(args, { stdin: token })).toMatchObject({ code: 0 });
}

async function commandsOf(args: readonly string[], env: Record<string, string> = {}) {
  const { commands, hidden } = envelopeOf(await machine.run([...args, '--json'], { env })).data;
  return { names: (commands as { command: string }[]).map(({ command }) => command), hidden };
}

const OF_A_PRODUCT_OWNER = [
  'project create',
  'engineering start',
  'deploy list',
  'task retry',
  'auth status',
  'mcp',
  'system init',
];
const OF_OTHERS = ['worker create', 'queue list', 'task fail', 'user create', 'auth key create', 'secret set'];

describe('what a key may not do', () => {
  it('is not in the help, which says so and shows all when it is asked for', async () => {
    await logIn(fake.makeToken([...roleScopes.PRODUCT_OWNER], 'worker'));
    fake.intercept = () => ({ status: 500 });
    const before = fake.seen.length;
    const { names, hidden } = await commandsOf(['--help']);
    const text = (await machine.run(['--help'])).stdout;
    const all = await commandsOf(['--help', '--all']);
    const topic = await commandsOf(['task', '--help']);
    const foreign = await commandsOf(['worker', '--help']);

    expect(names).toEqual(expect.arrayContaining(OF_A_PRODUCT_OWNER));
    for (const name of OF_OTHERS) expect(names).not.toContain(name);
    expect(names.length + Number(hidden)).toBe(all.names.length);
    expect(all.hidden).toBe(0);
    expect(text).toContain(`${hidden} more, which your key or ALLOWED_COMMANDS do not allow`);
    expect(text).not.toMatch(/^ {2}(?:worker|queue|user) /m);
    expect(topic.names).toContain('task retry');
    expect(topic.names).not.toContain('task fail');
    expect(foreign.names).toContain('worker create');
    expect(fake.seen).toHaveLength(before);
  });

  it('is not offered at Tab, nor are its flags, nor what only its list would tell', async () => {
    await logIn(fake.makeToken([...roleScopes.PRODUCT_OWNER], 'worker'));
    const at = async (line: string) => {
      const { stdout } = await machine.run(['completion', 'zsh', '--complete'], { stdin: line });
      return stdout.split('\n').flatMap((one) => one.split('\t')[0] || []);
    };
    const before = fake.seen.length;

    expect(await at('orchestrator ')).toContain('engineering');
    expect(await at('orchestrator ')).not.toContain('queue');
    expect(await at('orchestrator queue ')).toEqual([]);
    expect(await at('orchestrator queue dlq purge --')).toEqual([]);
    expect(await at('orchestrator auth key revoke ')).toEqual([]);
    expect(fake.seen).toHaveLength(before);
  });

  it('is no tool, also of a key in a variable, and that is told at the start', async () => {
    const env = { ORCHESTRATOR_API_URL: fake.url, ORCHESTRATOR_TOKEN: fake.makeToken(['task.*']) };
    const { stderr } = await machine.run(['mcp', '--allow', '*'], { env });
    const names = /^Offers \d+ tools: (.*)\.\n/.exec(stderr)?.[1]?.split(', ');

    expect(names).toEqual(expect.arrayContaining(['task_get', 'task_cancel', 'auth_status', 'contracts_list']));
    for (const name of ['task_fail', 'project_create', 'queue_list']) expect(names).not.toContain(name);
    expect(stderr).toMatch(/\n\d+ more are beyond its key: orchestrator auth status\n/);
  });

  it('is not proposed by a bare orchestrator', async () => {
    const next = async () => envelopeOf(await machine.run(['--json'])).data.next as { command: string };
    await logIn(fake.makeToken(['project.list', 'task.list']));
    expect((await next()).command).toBe('orchestrator --help');
    await logIn(fake.makeToken(['project.list', 'engineering.start']));
    expect((await next()).command).toMatch(/^orchestrator engineering start/);
    fake.projects.length = 0;
    expect((await next()).command).toBe('orchestrator --help');
  });
});

describe('what comes next', () => {
  it('is nothing that the key or ALLOWED_COMMANDS refuse, after an error and after a success', async () => {
    const args = ['auth', 'login', '--api-url', fake.url, '--token-stdin'];
    const login = await machine.run(args, {
      stdin: fake.makeToken(['deploy.start', 'engineering.*', 'project.create']),
    });
    expect(login.stdout).toMatch(/\nNext: orchestrator project create NAME\n$/);
    const narrow = await machine.run(args, { stdin: fake.makeToken(['engineering.*']) });
    expect(narrow.stdout).toMatch(/\nStored in \S+\n$/);
    const unknown = envelopeOf(await machine.run(['engineering', 'status', 'task_nowhere', '--json']));
    expect(unknown.error.code).toBe('TASK_NOT_FOUND');
    expect(unknown.next.map(({ command }) => command)).toEqual(['orchestrator --help']);
    await logIn(TOKEN);
    const env = { ALLOWED_COMMANDS: 'engineering.*' };
    const some = { env: { ALLOWED_COMMANDS: 'project.get,project.list' } };
    fake.projects.length = 0;
    expect((await machine.run(['project', 'list'], some)).stdout).toBe('No projects yet.\n');
    expect((await machine.run(['engineering', 'status', 'task_nowhere'], { env })).stderr).toMatch(
      /\nTry: orchestrator --help\n$/,
    );
    expect((await machine.run(['engineering', 'status', 'task_nowhere'])).stderr).toMatch(
      /\nTry: orchestrator task list\n$/,
    );
  });

  it('is in every form of an answer what the key allows', async () => {
    await logIn(fake.makeToken(['engineering.*', 'task.get', 'task.list', 'explain']));
    const start = ['engineering', 'start', '--project', 'todo-api', '--spec', 'Lists', '--json'];
    const { id } = envelopeOf(await machine.run(start)).data as { id: string };
    fake.end(id, 'failed');
    const stepOf = async () => {
      const { verdict } = envelopeOf(await machine.run(['explain', id, '--json'])).data as {
        verdict: { next: { command: string } };
      };
      return verdict.next.command;
    };
    expect(await stepOf()).toBe('orchestrator --help');
    expect((await machine.run(['explain', id])).stdout).toMatch(/\nNext: orchestrator --help\n$/);
    const narrow = { env: { ALLOWED_COMMANDS: 'explain,task.get,task.list' } };
    await logIn(TOKEN);
    expect(await stepOf()).toBe(`orchestrator task retry ${id}`);
    expect((await machine.run(['explain', id, '--json'], narrow)).stdout).not.toContain('task retry');
  });

  it('after engineering is no deploy where none may be started', async () => {
    await logIn(fake.makeToken(['engineering.*']));
    const start = ['engineering', 'start', '--project', 'todo-api', '--spec', 'Lists', '--json'];
    const { id } = envelopeOf(await machine.run(start)).data as { id: string };
    fake.end(id, 'completed');
    const { code, stdout } = await machine.run(['engineering', 'wait', id]);
    expect([code, stdout.includes('Next:')]).toEqual([0, false]);
    await logIn(TOKEN);
    expect((await machine.run(['engineering', 'wait', id])).stdout).toMatch(/\nNext: orchestrator deploy start .*\n$/);
  });

  it('of a project that may not be listed is that it is needed', async () => {
    await logIn(fake.makeToken(['deploy.start']));
    const ended = await machine.run(['deploy', 'start', '--json'], { env: { CI: 'true' } });
    expect([ended.code, envelopeOf(ended).missing]).toEqual([2, ['--project']]);
    const secret = envelopeOf(await machine.run(['secret', 'set', 'A', '--project', 'cix', '--json']));
    expect(secret.next).not.toContainEqual(expect.objectContaining({ command: expect.stringContaining('secret set') }));
    await logIn(TOKEN);
    const { next } = envelopeOf(await machine.run(['secret', 'set', 'A', '--project', 'cix', '--json']));
    expect(next[0]?.command).toBe('orchestrator secret set A --project cix --file -');
  });

  it('to a key that ends while a task is followed is not the same again', async () => {
    await logIn(TOKEN);
    const start = ['engineering', 'start', '--project', 'todo-api', '--spec', 'Lists', '--json'];
    const { id } = envelopeOf(await machine.run(start)).data as { id: string };
    const refused = {
      type: 'about:blank',
      title: 'Unauthorized',
      status: 401,
      code: 'UNAUTHENTICATED',
      detail: 'no such key',
    };
    fake.intercept = ({ path }) => (path.endsWith('/events') ? { status: 401, body: refused } : undefined);
    const { error, next } = envelopeOf(await machine.run(['engineering', 'wait', id, '--json']));
    expect(error.code).toBe('UNAUTHENTICATED');
    expect(next.map(({ command }) => command)).toEqual(['orchestrator auth login']);
  });
});

describe('what a key may do', () => {
  it('is everything where nothing is known of it, and where the configuration is broken', async () => {
    const all = (await commandsOf(['--help', '--all'])).names;
    expect((await commandsOf(['--help'])).names).toEqual(all);
    await logIn(TOKEN);
    const file = join(machine.configFolder, 'config.json');
    await writeFile(file, '{"profiles":{"default":{"api_url":"http://x","scopes":"*"}}}');
    expect((await commandsOf(['--help'])).names).toEqual(all);
  });

  it('is all but what administrators alone may, for a key of anybody else', async () => {
    const all = (await commandsOf(['--help', '--all'])).names;
    await logIn(TOKEN);
    const forAdmins = (Object.keys(commandTable) as CommandId[]).filter((id) => entryOf(id).forAdmins).map(commandName);
    expect((await commandsOf(['--help'])).names).toEqual(all.filter((name) => !forAdmins.includes(name)));
    await logIn(fake.makeToken(['*'], 'admin'));
    expect((await commandsOf(['--help'])).names).toEqual(all);
  });

  it('is that of the profile that is meant, and of ALLOWED_COMMANDS besides', async () => {
    await logIn(TOKEN);
    await logIn(fake.makeToken(['task.*'], 'admin'), 'tasks');

    expect((await commandsOf(['--help'])).names).toContain('task fail');
    expect((await commandsOf(['--help'])).names).not.toContain('project create');
    expect((await commandsOf(['--help', '--profile', 'default'])).names).toContain('project create');
    const narrow = await commandsOf(['--help'], { ALLOWED_COMMANDS: 'task.get, project.list' });
    expect(narrow.names).toEqual(['task get']);
    const other = { ORCHESTRATOR_TOKEN: TOKEN };
    expect((await commandsOf(['--help'], other)).names).toContain('project create');
  });
});
