import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { Project, Task } from '@codegen/contracts';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import type { CallToolResult, Tool } from '@modelcontextprotocol/sdk/types.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { type FakeApi, TOKEN } from '../../../sdk/tests/support/fake-api.js';
import { type Envelope, type Machine, makeSystem } from '../support/run-cli.js';

const BIN = inject('cli');

let fake: FakeApi;
let machine: Machine;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ fake, machine, stop } = await makeSystem());
});
afterAll(() => stop());

const clients: Client[] = [];
afterEach(async () => {
  fake.intercept = undefined;
  for (const client of clients.splice(0)) await client.close();
});

/** A client of a server of its own, which offers every tool unless something else is said. */
async function connect(env: Record<string, string> = {}, flags = ['--allow', '*']): Promise<Client> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [BIN, 'mcp', '--quiet', ...flags],
    cwd: machine.folder,
    env: {
      ...{ PATH: process.env.PATH ?? '', HOME: machine.folder, ORCHESTRATOR_CONFIG_DIR: machine.configFolder },
      ...{ ORCHESTRATOR_API_URL: fake.url, ORCHESTRATOR_TOKEN: TOKEN, ...env },
    },
  });
  const client = new Client({ name: 'test', version: '1' });
  clients.push(client);
  await client.connect(transport);
  return client;
}

type CallOptions = Parameters<Client['callTool']>[2];

async function call(client: Client, name: string, input: object = {}, options?: CallOptions) {
  const result = (await client.callTool({ name, arguments: { ...input } }, undefined, options)) as CallToolResult;
  const envelope = result.structuredContent as unknown as Envelope & { lines?: { message: string }[] };
  expect(result.content).toEqual([{ type: 'text', text: JSON.stringify(envelope) }]);
  expect(JSON.stringify(result)).not.toContain(TOKEN);
  return { envelope, isError: result.isError };
}

const namesOf = (tools: readonly Tool[]) => tools.map(({ name }) => name);

describe('the tools', () => {
  it('only read where nothing is said; more are offered by name, topic or role, and others say how', async () => {
    const client = await connect({}, []);
    const { tools } = await client.listTools();
    const more = await (
      await connect({}, ['--allow', 'engineering.start, project.*', '--allow', 'task.retry'])
    ).listTools();
    const role = await (await connect({}, ['--allow', 'DEVOPS'])).listTools();

    for (const { name, annotations } of tools) expect([name, annotations?.readOnlyHint]).toEqual([name, true]);
    for (const name of ['project_list', 'task_watch', 'explain', 'diagnose', 'queue_peek', 'auth_status']) {
      expect(namesOf(tools)).toContain(name);
    }
    await expect(client.callTool({ name: 'auth_key_revoke' })).rejects.toThrow(
      /auth_key_revoke .*--allow auth\.key\.revoke/,
    );
    const added = ['engineering_start', 'project_create', 'project_update', 'project_archive', 'task_retry'];
    expect(new Set(namesOf(more.tools))).toEqual(new Set([...namesOf(tools), ...added]));
    for (const name of ['queue_publish', 'auth_key_revoke', 'task_fail'])
      expect(namesOf(role.tools)).not.toContain(name);
    expect(namesOf(role.tools)).toContain('deploy_start');
  });

  it('are never more than ALLOWED_COMMANDS allows', async () => {
    const client = await connect({ ALLOWED_COMMANDS: 'mcp,project.*,task.get' }, ['--allow', '*']);
    const narrow = await connect({ ALLOWED_COMMANDS: 'mcp,project.*,task.get' }, [
      '--allow',
      'project.create,deploy.start',
    ]);

    const all = namesOf((await client.listTools()).tools);
    expect(all.filter((name) => !/^(project_\w+|task_get)$/.test(name))).toEqual([]);
    expect(namesOf((await narrow.listTools()).tools).sort()).toEqual(
      ['project_create', 'project_get', 'project_list', 'project_tasks', 'task_get'].sort(),
    );
    const made = await call(narrow, 'project_create', { name: 'allowed' });
    expect(made.envelope.ok).toBe(true);
  });

  it('are all that its instructions name', async () => {
    const some = await connect({}, ['--allow', 'deploy.start']);
    const few = await connect({ ALLOWED_COMMANDS: 'mcp,project.get' }, []);

    expect(some.getInstructions()).not.toMatch(/create a project|start engineering/);
    expect(some.getInstructions()).toMatch(
      /^Tools to have software built and put at a URL: [^.]*start a deploy, wait for it\. /,
    );
    expect(few.getInstructions()).toMatch(/^Tools to look at projects\. /);
    expect(few.getInstructions()).not.toContain('STILL_RUNNING');
    await expect(few.callTool({ name: 'deploy_start' })).rejects.toThrow(/ask whoever runs this server/);
  });

  it('are told of on standard error, with how to have more', async () => {
    const plain = await machine.run(['mcp'], { stdin: '' });
    const listed = await machine.run(['mcp'], { stdin: '', env: { ALLOWED_COMMANDS: 'mcp,project.create' } });
    const quiet = await machine.run(['mcp', '--quiet'], { stdin: '' });

    expect(plain.stderr).toMatch(
      /^Offers \d+ tools that only read: .*project_list.*\n1 more is beyond its key: .*\n.*--allow/,
    );
    expect(listed.stderr).toMatch(/^Offers 1 tool: project_create\.\n.*ALLOWED_COMMANDS/);
    expect([quiet.code, quiet.stdout, quiet.stderr]).toEqual([0, '', '']);
  });

  it.each([
    ['project.craete', /project\.create/],
    ['auth.key.create', /no tool: it tells a secret/],
  ])('are refused by a name that no tool has: %s', async (name, why) => {
    const ended = await machine.run(['mcp', '--allow', name], { stdin: '' });

    expect([ended.code, ended.stdout]).toEqual([2, '']);
    expect(ended.stderr).toMatch(why);
  });

  it('are the commands, but for those that need a terminal or this machine', async () => {
    const { tools } = await (await connect()).listTools();

    for (const name of ['project_create', 'engineering_start', 'task_watch', 'explain', 'diagnose']) {
      expect(namesOf(tools)).toContain(name);
    }
    for (const name of ['mcp', 'auth_login', 'auth_logout', 'contracts_validate']) {
      expect(namesOf(tools)).not.toContain(name);
    }
    for (const { name } of tools) expect(name).toMatch(/^[a-z_]{1,64}$/);
  });

  it('are only those that are allowed, in a role or by name; others do not exist', async () => {
    const client = await connect({ ALLOWED_COMMANDS: 'mcp,project.*,task.get' }, []);
    const { tools } = await client.listTools();

    const projects = namesOf(tools).filter((name) => name.startsWith('project_'));
    expect(new Set(namesOf(tools))).toEqual(new Set([...projects, 'task_get']));
    await expect(client.callTool({ name: 'task_list' })).rejects.toThrow(/-32602.*there is no such tool here/);
    const developer = await (await connect({ ALLOWED_COMMANDS: 'DEVELOPER' }, [])).listTools();
    expect(namesOf(developer.tools)).toContain('task_get');
    expect(namesOf(developer.tools)).not.toContain('project_create');
  });

  it('cannot be served where mcp is not allowed', async () => {
    const { code, stdout } = await machine.run(['mcp'], { env: { ALLOWED_COMMANDS: 'project.*' } });

    expect(code).toBe(6);
    expect(stdout).toBe('');
  });

  it('have JSON Schemas that validators take, and say what they do to the system', async () => {
    const { tools } = await (await connect({ ORCHESTRATOR_TOKEN: fake.makeToken(['*'], 'admin') })).listTools();
    const ajv = new Ajv2020({ strict: false, validateFormats: false });

    for (const { name, inputSchema, annotations, description } of tools) {
      expect(() => ajv.compile(inputSchema), name).not.toThrow();
      expect(inputSchema).toMatchObject({ type: 'object', additionalProperties: false });
      expect(description, name).not.toBe('');
      expect(annotations?.readOnlyHint && annotations.destructiveHint, name).not.toBe(true);
    }
    const byName = new Map(tools.map((tool) => [tool.name, tool]));
    const hints = (name: string) => byName.get(name)?.annotations;
    expect(hints('project_list')).toEqual({ readOnlyHint: true, openWorldHint: false });
    // By the protocol what is not said changes and destroys, and twice is not once.
    expect(hints('project_create')).toEqual({ destructiveHint: false });
    expect(hints('project_archive')).toEqual({ idempotentHint: true, openWorldHint: false });
    const inputs = tools.map(({ name, inputSchema: { properties = {}, required = [] } }) => {
      const shown = Object.entries(properties).map(([field, schema]) => [field, withoutWords(schema)]);
      return [name, { ...(required.length > 0 && { required }), ...Object.fromEntries(shown) }];
    });
    expect(Object.fromEntries(inputs)).toMatchSnapshot();
  });
});

describe('the list of tools', () => {
  it('takes little of a conversation: below 25 KB for a product owner', async () => {
    const ways: [Record<string, string>, string[]][] = [
      [{}, ['--allow', 'PRODUCT_OWNER']],
      [{ ALLOWED_COMMANDS: 'PRODUCT_OWNER' }, []],
    ];
    for (const [env, flags] of ways) {
      const list = await (await connect(env, flags)).listTools();

      expect(namesOf(list.tools)).toContain('engineering_start');
      expect(Buffer.byteLength(JSON.stringify(list))).toBeLessThan(25_000);
    }
  });
});

/** What a field takes; its words may change. */
function withoutWords(schema: object): object {
  const { description: _, ...rest } = schema as { description?: string };
  return rest;
}

describe('a call', () => {
  it('answers with the document that --json prints', async () => {
    const client = await connect();
    const read = await call(client, 'project_list');
    const made = await call(client, 'project_create', {
      name: 'made-by-mcp',
      description: '- with "words" and\nlines',
    });

    expect(read).toMatchObject({ isError: false, envelope: { ok: true, command: 'project list', schema_version: 1 } });
    expect(made.envelope).toMatchObject({ ok: true, data: { name: 'made-by-mcp' } });
    expect(made.envelope.meta.idempotency_key).toBeDefined();
    const sent = fake.seen.findLast(({ method }) => method === 'POST')?.body;
    expect(sent).toMatchObject({ description: '- with "words" and\nlines' });
  });

  it('that fails says so in the same document, with what to do', async () => {
    const client = await connect();
    const unknown = await call(client, 'project_get', { project: 'todo-apo' });
    const taken = await call(client, 'project_create', { name: 'todo-api' });

    expect(unknown).toMatchObject({ isError: true, envelope: { ok: false, choices: ['todo-api'] } });
    expect(unknown.envelope.error).toMatchObject({ code: 'PROJECT_NOT_FOUND', exit_code: 3 });
    expect(unknown.envelope.next.length).toBeGreaterThan(0);
    expect(taken.envelope.error.code).toBe('NAME_TAKEN');
  });

  it('names the tools that come next with their arguments, and for a person what no tool does', async () => {
    const client = await connect();
    const noTask = await call(client, 'task_get', { task: 'task_none' });
    const noProject = await call(client, 'engineering_wait', { project: 'todo-api' });
    const unsaid = await call(client, 'task_get');
    const narrow = await connect({ ALLOWED_COMMANDS: 'mcp,task.get' }, []);
    const notOffered = await call(narrow, 'task_get', { task: 'task_none' });
    fake.intercept = () => ({ status: 401, body: { code: 'UNAUTHENTICATED', title: 'no', status: 401 } });
    const stranger = await call(client, 'project_list');
    fake.intercept = undefined;

    expect(noTask.envelope.next).toEqual([{ tool: 'task_list', arguments: {}, when: expect.any(String) }]);
    expect(noProject.envelope.next).toMatchObject([
      { tool: 'engineering_start', arguments: { project: 'todo-api' }, fill_in: ['spec'] },
    ]);
    expect(notOffered.envelope.next).toMatchObject([{ for_a_person: 'orchestrator task list' }]);
    expect(stranger.envelope.next).toMatchObject([{ for_a_person: expect.stringMatching(/ORCHESTRATOR_TOKEN/) }]);
    expect(unsaid.envelope.error.message).toMatch(/^task is needed/);
    const { envelope } = await call(client, 'engineering_start', { project: 'todo-api', spec: 'Told' });
    const story = await call(client, 'explain', { task: envelope.data.id });
    const step = { tool: expect.any(String), arguments: expect.any(Object), when: expect.any(String) };
    expect(story.envelope.data).toMatchObject({ verdict: { next: step } });
  });

  it('of a diagnosis are tools too, and its details name no command line', async () => {
    const client = await connect();
    const { envelope: started } = await call(client, 'engineering_start', { project: 'todo-api', spec: 'Secret' });
    const task = fake.tasks.get(started.data.id as string) as Task;
    const next = { command: `orchestrator secret list --project ${task.project_id}`, when: 'to see which' };
    const wait = { type: 'secrets', why: 'it waits for the secret SALT' };
    Object.assign(task, { status: 'running', reason: 'waiting_secret', waits_for: { ...wait, on: 'person', next } });
    const waiting = await call(client, 'diagnose_projects');
    const error = 'the disk is full: make room there';
    Object.assign(task, {
      reason: 'waiting_system',
      error,
      waits_for: { type: 'system', on: 'system', why: error, next: null },
    });
    const failed = await call(client, 'diagnose');
    fake.end(task.id, 'failed', { error: 'no', reason: null });

    const step = { tool: 'secret_list', arguments: { project: task.project_id }, when: expect.any(String) };
    expect(waiting.envelope.data).toMatchObject({ checks: [{ next: step }, {}] });
    expect(JSON.stringify(waiting.envelope)).not.toContain('orchestrator ');
    const checks = failed.envelope.error.details.checks as { check: string; next?: unknown }[];
    const explain = { tool: 'explain', arguments: { task: task.id } };
    expect(checks.find(({ check }) => check === 'projects')).toMatchObject({ status: 'failed', next: explain });
    expect(JSON.stringify(failed.envelope)).not.toContain('orchestrator ');
  });

  it('goes to the system that the server was started for', async () => {
    const other = await makeSystem();
    const client = await connect({ ORCHESTRATOR_API_URL: other.fake.url }, ['--allow', '*', '--api-url', fake.url]);
    const before = other.fake.seen.length;
    const { envelope } = await call(client, 'project_list');
    await other.stop();

    expect(envelope.ok).toBe(true);
    expect(other.fake.seen).toHaveLength(before);
  });

  it('with input that does not fit is refused before anything is sent, and repeats none of it', async () => {
    const client = await connect();
    const before = fake.seen.length;
    const wrong = [
      await call(client, 'project_create', { name: 'Hunter2!' }),
      await call(client, 'project_create'),
      await call(client, 'project_list', { limit: 5000 }),
      await call(client, 'project_list', { limit: 'hunter2' }),
      await call(client, 'project_list', { hunter: 'hunter2' }),
      await call(client, 'task_get', { task: '../hunter2' }),
    ];

    expect(wrong.map(({ envelope }) => envelope.error.message)).toEqual([
      expect.stringMatching(/^name must be 2 to 39 of a-z/),
      expect.stringMatching(/^name is needed/),
      'limit must be a whole number of 1 to 500 (Items to show, up to 500)',
      'limit must be a whole number of 1 to 500 (Items to show, up to 500)',
      'there is no input hunter: the inputs are status, name, fields, limit, cursor',
      'task is not an identifier (Id of the task, task_…)',
    ]);
    for (const { isError, envelope } of wrong) {
      expect(isError).toBe(true);
      expect(envelope.error).toMatchObject({ code: 'VALIDATION_FAILED', exit_code: 2 });
      expect(JSON.stringify(envelope)).not.toMatch(/hunter2/i);
    }
    expect(fake.seen).toHaveLength(before);
  });

  it('that lacks something names the inputs that the tool has', async () => {
    const client = await connect();
    const { envelope } = await call(client, 'project_update');
    const { tools } = await client.listTools();
    const required = (name: string) => tools.find((tool) => tool.name === name)?.inputSchema.required;

    expect(envelope.error.message).toBe('name or description is needed');
    expect(envelope.missing).toEqual(['name', 'description']);
    expect((await call(client, 'queue_publish')).envelope.missing).toEqual(['queue', 'set']);
    expect(required('project_archive')).toEqual(['project', 'yes']);
    expect(required('secret_list')).toEqual(['project']);
    expect(required('contracts_schema')).toEqual(['model']);
    const named = (await call(client, 'project_update', { project: 'todo-api', name: 'Bad Name' })).envelope.error
      .message;
    expect(named).toMatch(/^name must be 2 to 39 of a-z.*\(Its new name\)$/);
  });

  it('never reads standard input, which is the protocol’s', async () => {
    const client = await connect();
    const { envelope } = await call(client, 'engineering_start', { project: 'todo-api', spec: '-' });

    expect(envelope.error.code).toBe('SPEC_EMPTY');
    expect((await call(client, 'project_list')).envelope.ok).toBe(true);
  });

  it('mixes with no other that runs beside it', async () => {
    const client = await connect();
    const names = Array.from({ length: 8 }, (_, i) => `beside-${i}`);
    const answers = await Promise.all(names.map((name) => call(client, 'project_create', { name })));

    expect(answers.map(({ envelope }) => envelope.data.name)).toEqual(names);
    const ids = answers.map(({ envelope }) => envelope.meta);
    expect(new Set(ids.map(({ correlation_id }) => correlation_id)).size).toBe(names.length);
    expect(new Set(ids.map(({ idempotency_key }) => idempotency_key)).size).toBe(names.length);
  });

  it('outlives an API that breaks and one that is gone', async () => {
    const other = await makeSystem();
    const client = await connect({ ORCHESTRATOR_API_URL: other.fake.url });
    other.fake.intercept = () => ({ status: 500, body: 'broken' });
    expect((await call(client, 'project_list')).envelope.error).toMatchObject({ retryable: true });
    other.fake.intercept = undefined;
    expect((await call(client, 'project_list')).envelope.ok).toBe(true);
    await other.stop();
    expect((await call(client, 'project_list')).envelope.error.code).toBe('NETWORK');
    expect((await call(client, 'contracts_list')).envelope.ok).toBe(true);
  });
});

describe('a call that follows a task', () => {
  const started = async (client: Client) => {
    const { envelope } = await call(client, 'engineering_start', { project: 'todo-api', spec: 'Lists' });
    return envelope.data.id as string;
  };
  const polls = (task: string) => fake.seen.filter(({ path }) => path === `/tasks/${task}/events`).length;

  it('tells what happens as progress, and what came of it as its answer', async () => {
    const client = await connect();
    const task = await started(client);
    const told: string[] = [];
    const options = { onprogress: (notice: { message?: string | undefined }) => void told.push(notice.message ?? '') };
    const waiting = call(client, 'engineering_wait', { task }, options);
    const watching = call(client, 'task_watch', { task }, options);
    await waitFor('both follow', () => polls(task) >= 2);
    fake.emit(task, { current_step: 'develop', message: 'round 1: \u001b[2Jwriting' });
    fake.end(task, 'completed', { result: { commit_sha: 'abc' } });

    expect((await waiting).envelope).toMatchObject({ ok: true, data: { id: task, status: 'completed' } });
    const { envelope } = await watching;
    expect(envelope).toMatchObject({ ok: true, data: { status: 'completed', last_seq: 2 } });
    expect(envelope.lines?.map(({ message }) => message)).toEqual(['round 1: \u001b[2Jwriting', 'done']);
    expect(told.filter((message) => message.includes('round 1: writing'))).toHaveLength(2);
  });

  it('is bounded, and says how to go on', async () => {
    const client = await connect();
    const task = await started(client);
    const { envelope, isError } = await call(client, 'engineering_wait', { task, timeout: '300ms' });

    expect(isError).toBe(true);
    expect(envelope.error).toMatchObject({ code: 'STILL_RUNNING', exit_code: 8 });
    expect(envelope.next[0]).toMatchObject({ tool: 'engineering_wait', arguments: { task } });
    expect(Object.keys(envelope.next[0] ?? {})).not.toContain('command');
  });

  it('tells at its bound what the task waits for, untouched where that is a line to paste', async () => {
    const client = await connect({ ALLOWED_COMMANDS: 'mcp,deploy.*,project.get,secret.list' });
    Object.assign(fake.projects[0] as Project, { main_sha: 'a'.repeat(40) });
    const { id, project_id } = (await call(client, 'deploy_start', { project: 'todo-api' })).envelope.data as Task;
    const line = `orchestrator secret set SALT --project ${project_id}`;
    const why = 'it waits for the secret SALT';
    const waits_for = { type: 'secrets', on: 'person', why, next: { command: line, when: 'to give it' } };
    Object.assign(fake.tasks.get(id) as Task, { status: 'running', reason: 'waiting_secret', waits_for });
    const warnings = [`${why}: ${line}`];

    const { envelope } = await call(client, 'deploy_wait', { task: id, timeout: '300ms' });
    expect(envelope).toMatchObject({ error: { code: 'STILL_RUNNING' }, warnings });
    expect(envelope.next[0]).toMatchObject({ for_a_person: line });
    expect((await call(client, 'deploy_status', { task: id })).envelope.warnings).toEqual(warnings);
    expect(JSON.stringify(envelope.next)).not.toContain('"tool":"task_get"');
    fake.end(id, 'completed');
  });

  it('ends when the client takes it back; the task and the server go on', async () => {
    const client = await connect();
    const task = await started(client);
    const controller = new AbortController();
    const waiting = call(client, 'engineering_wait', { task }, { signal: controller.signal });
    const aborted = expect(waiting).rejects.toThrow();
    await waitFor('the wait', () => polls(task) > 0);
    controller.abort('enough');
    await aborted;
    const before = polls(task);

    expect((await call(client, 'task_get', { task })).envelope.data.status).toBe('queued');
    fake.emit(task, { message: 'something happens' });
    expect((await call(client, 'project_list')).envelope.ok).toBe(true);
    expect(polls(task)).toBe(before);
  });
});

describe('the server', () => {
  const hello = `${JSON.stringify({
    ...{ jsonrpc: '2.0', id: 1, method: 'initialize' },
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
  })}\n`;

  it('ends with 0 when standard input does, and writes nothing but the protocol', async () => {
    const { code, stdout, stderr } = await machine.run(['mcp', '--quiet'], { stdin: hello });

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).jsonrpc)).toEqual(['2.0']);
  });

  it('answers what is no JSON-RPC with an error, each time, and goes on', async () => {
    const ping = (id: number) => JSON.stringify({ jsonrpc: '2.0', id, method: 'ping' });
    const lines = ['garbage', '[]', '{}', '"x"', '{"jsonrpc":"2.0","id":7,"method":5}', '{"id":8,"method":"ping"}'];
    const batch = `[${ping(9)}]`;
    const silent = ['', '  ', JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })];
    const stdin = `\ufeff${hello}${hello}${[...lines, batch, ...silent, ping(2)].join('\n')}\n{"jsonrpc"`;
    const { code, stdout } = await machine.run(['mcp', '--quiet'], { stdin });

    const answers = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(answers.filter(({ error }) => error === undefined).map(({ id }) => id)).toEqual([1, 2]);
    expect(answers.filter(({ error }) => error).map(({ id, error }) => [id, error.code])).toEqual([
      [null, -32700],
      ...[[null, -32700], ...[null, null, null, 7, 8, null].map((id) => [id, -32600])],
      [null, -32700],
    ]);
    expect(stdout).not.toContain('garbage');
    expect(code).toBe(0);
  });

  it.each([undefined, {}, { name: 5 }, { name: 'task_list', arguments: 'x' }])(
    'says in a sentence what a call is made of: %j',
    async (params) => {
      const call = JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/call', params });
      const { stdout } = await machine.run(['mcp', '--quiet'], { stdin: `${hello}${call}\n` });
      const answers = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));

      expect(answers).toContainEqual({
        ...{ jsonrpc: '2.0', id: 2 },
        error: {
          code: -32602,
          message: 'tools/call takes params with a name, which is text, and arguments, an object',
        },
      });
    },
  );

  it('ends with 2 at a message that is too long, and says so', async () => {
    const ended = await machine.run(['mcp'], { stdin: 'a'.repeat(11 * 1024 * 1024) });

    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain('10 MiB');
  });

  it('ends with 143 at SIGTERM, though a call is under way', async () => {
    const { envelope } = await call(await connect(), 'engineering_start', { project: 'todo-api', spec: 'Lists' });
    const task = envelope.data.id as string;
    const stdin = new PassThrough();
    const running = machine.start(['mcp', '--json'], { stdin });
    const params = { name: 'engineering_wait', arguments: { task } };
    stdin.write(hello);
    await waitFor('the server', () => running.stdout().includes('serverInfo'));
    stdin.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`);
    stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/call', params })}\n`);
    await waitFor('the wait', () => fake.seen.some(({ path }) => path === `/tasks/${task}/events`));
    const exited = once(running.child, 'exit');
    running.child.kill('SIGTERM');
    await exited;
    stdin.end();
    const { code, stdout } = await running.ended;

    expect(code).toBe(143);
    for (const line of stdout.trimEnd().split('\n')) expect(JSON.parse(line).jsonrpc).toBe('2.0');
  });
});
