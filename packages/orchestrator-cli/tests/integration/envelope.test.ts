import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../../../tests/support/ports.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { type FakeApi, problem, TOKEN } from '../../../sdk/tests/support/fake-api.js';
import { type Ended, envelopeOf, type Machine, makeSystem, type RunOptions } from '../support/run-cli.js';

let fake: FakeApi;
let machine: Machine;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ fake, machine, stop } = await makeSystem());
});
afterAll(() => stop());

const ESCAPE = '\u001b';

/** Runs a command line in both modes; the exit code must not depend on the mode. */
async function inBothModes(args: readonly string[], options?: RunOptions): Promise<{ json: Ended; text: Ended }> {
  const text = await machine.run(args, options);
  const json = await machine.run(args, { ...options, env: { ...options?.env, ORCHESTRATOR_JSON: '1' } });
  expect(json.code).toBe(text.code);
  expect(json.stdout).not.toContain(ESCAPE);
  for (const { stdout, stderr } of [json, text]) {
    expect(stdout + stderr).not.toContain(TOKEN);
    expect(stderr).not.toMatch(/\n {4}at /);
  }
  return { json, text };
}

async function failing(args: readonly string[], options?: RunOptions) {
  const { json, text } = await inBothModes(args, options);
  const envelope = envelopeOf(json);
  expect(envelope).toMatchObject({ ok: false, schema_version: 1, error: { exit_code: json.code } });
  expect(envelope.next.length).toBeGreaterThan(0);
  expect(text.stdout).toBe('');
  expect(text.stderr.trimEnd().split('\n').at(-1)).toMatch(/^Try: \S/);
  return { envelope, code: json.code, stderr: text.stderr };
}

describe('standard output with JSON asked for is one document', () => {
  it('when a command succeeds', async () => {
    const ended = await machine.run(['project', 'list', '--json']);
    const envelope = envelopeOf(ended);

    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(envelope).toMatchObject({ ok: true, schema_version: 1, command: 'project list', warnings: [] });
    expect(envelope.data.items).toHaveLength(1);
    expect(envelope.meta.request_id).not.toBe('');
    expect(envelope.meta.correlation_id).not.toBe('');
  });

  it('when the flag stands before the command', async () => {
    const ended = await machine.run(['--json', 'project', 'list']);

    expect(envelopeOf(ended)).toMatchObject({ ok: true, command: 'project list' });
  });

  it('when the command line cannot be parsed', async () => {
    const { envelope, code } = await failing(['project', 'list', '--limit', 'many']);

    expect(envelope).toMatchObject({ command: 'project list', error: { code: 'USAGE' } });
    expect(code).toBe(2);
  });

  it('when there is no such command, with the ones that may be meant', async () => {
    const { envelope, code } = await failing(['project', 'crate']);

    expect(envelope.error.code).toBe('UNKNOWN_COMMAND');
    expect(envelope.choices).toContain('project create');
    expect(code).toBe(2);
  });

  it('when there is no such command, with those that do the same elsewhere first', async () => {
    const { envelope } = await failing(['task', 'wait']);

    expect(envelope.choices?.slice(0, 2)).toEqual(['engineering wait', 'deploy wait']);
  });

  it('when there is no such topic, with commands of the one that may be meant', async () => {
    const { envelope } = await failing(['depoly']);

    expect(envelope.choices).toEqual(['deploy start', 'deploy status', 'deploy wait', 'deploy list']);
    expect(envelope.next[0]?.command).toBe('orchestrator deploy start --help');
    expect((await failing(['secert'])).envelope.choices).not.toContain('secret delete');
    expect((await failing(['diagnos'])).envelope.choices?.[0]).toBe('diagnose');
  });

  it('when there is no such flag, and no value of the command line is repeated', async () => {
    const { envelope, code, stderr } = await failing(['project', 'list', '--statsu=hunter2', 'hunter3']);

    expect(envelope).toMatchObject({ error: { code: 'USAGE' }, choices: ['--status'] });
    expect(code).toBe(2);
    expect(JSON.stringify(envelope) + stderr).not.toContain('hunter');
  });

  it('when there are too many arguments, which are not repeated', async () => {
    const { envelope, stderr } = await failing(['auth', 'logout', 'hunter2']);

    expect(envelope.error).toMatchObject({ code: 'USAGE', exit_code: 2 });
    expect(JSON.stringify(envelope) + stderr).not.toContain('hunter2');
  });

  it('when something is not found, with what is near', async () => {
    const { envelope, code } = await failing(['project', 'get', 'todo-apo']);

    expect(envelope).toMatchObject({ error: { code: 'PROJECT_NOT_FOUND' }, choices: ['todo-api'] });
    expect(code).toBe(3);
  });

  it.each([
    ['project get ../x', 'VALIDATION_FAILED', '../x'],
    ['project get', 'INPUT_REQUIRED', '--project'],
    ['project create --name Bad_Name', 'VALIDATION_FAILED', 'name: '],
    ['project create --input none.json', 'USAGE', 'none.json'],
    ['project archive ../x --yes', 'VALIDATION_FAILED', '../x'],
    ['engineering start', 'INPUT_REQUIRED', '--project, and --spec or --spec-file'],
    ['engineering start --project x', 'INPUT_REQUIRED', '--spec'],
    ['engineering start --project x --spec-file none.md', 'USAGE', 'none.md'],
    ['engineering start --project ../x --spec y', 'VALIDATION_FAILED', '../x'],
    ['engineering start --project x --spec=', 'SPEC_EMPTY', 'spec'],
    ['engineering wait ../x', 'VALIDATION_FAILED', '../x'],
    ['deploy start', 'INPUT_REQUIRED', '--project'],
    ['deploy start --project x --input none.json', 'USAGE', 'none.json'],
    ['task get ../x', 'VALIDATION_FAILED', '../x'],
    ['task logs ../x', 'VALIDATION_FAILED', '../x'],
    ['task watch ../x', 'VALIDATION_FAILED', '../x'],
    ['task cancel ../x', 'VALIDATION_FAILED', '../x'],
    ['task retry ../x', 'VALIDATION_FAILED', '../x'],
    ['secret set KEY --project x --file none.txt', 'USAGE', 'none.txt'],
    ['secret list', 'INPUT_REQUIRED', '--project'],
    ['auth key revoke ../x --yes', 'VALIDATION_FAILED', '../x'],
  ])('about %j, whether or not somebody is logged in', async (line, code, said) => {
    const none = { ORCHESTRATOR_TOKEN: '', ORCHESTRATOR_API_URL: '' };
    const told = await Promise.all([{}, none].map((env) => failing(line.split(' '), { env })));

    for (const { envelope, code: exitCode } of told) {
      expect([envelope.error.code, exitCode]).toEqual([code, 2]);
      expect(envelope.error.message).toContain(said);
    }
  });

  it('when nobody is logged in', async () => {
    const { envelope, code } = await failing(['project', 'list'], { env: { ORCHESTRATOR_TOKEN: '' } });

    expect(envelope.error.code).toBe('NOT_CONFIGURED');
    expect(envelope.next[0]?.command).toContain('auth login');
    expect(code).toBe(4);
  });

  it('when the API refuses the token', async () => {
    const { envelope, code } = await failing(['project', 'list'], { env: { ORCHESTRATOR_TOKEN: 'cgk_wrong' } });

    expect(envelope.error.code).toBe('UNAUTHENTICATED');
    expect(code).toBe(4);
  });

  it('when the network is down', async () => {
    const env = { ORCHESTRATOR_API_URL: `http://127.0.0.1:${await freePort()}` };
    const { envelope, code } = await failing(['project', 'list'], { env });

    expect(envelope.error).toMatchObject({ code: 'NETWORK', retryable: true });
    expect(code).toBe(75);
  });

  it('when there is a conflict', async () => {
    const { envelope, code } = await failing(['project', 'create', 'todo-api']);

    expect(envelope.error.code).toBe('NAME_TAKEN');
    expect(code).toBe(5);
  });

  it('when the API refuses the value of a flag, which it names', async () => {
    const { envelope, code, stderr } = await failing(['project', 'update', 'todo-api', '--name', 'No Good']);

    expect(envelope.error).toMatchObject({ code: 'VALIDATION_FAILED', details: { errors: [{ path: 'name' }] } });
    expect(stderr).toContain('Error: --name: must be 2 to 39');
    expect(code).toBe(2);
  });

  it('when the server forbids it, with what it says', async () => {
    fake.intercept = () => problem('FORBIDDEN', 'the key has no scope project.list');
    const { envelope, code } = await failing(['project', 'list']).finally(() => {
      fake.intercept = undefined;
    });

    expect(envelope.error).toMatchObject({ code: 'FORBIDDEN', message: 'the key has no scope project.list' });
    expect(code).toBe(6);
  });

  it('when the command is not allowed, before anything is parsed or sent', async () => {
    const before = fake.seen.length;
    const env = { ALLOWED_COMMANDS: 'project.list,task.*' };
    const { envelope, code } = await failing(['project', 'create', '--bogus'], { env });

    expect(envelope.error.code).toBe('COMMAND_NOT_ALLOWED');
    expect(envelope.choices).toEqual(expect.arrayContaining(['project.list', 'task.list', 'task.watch']));
    expect(envelope.choices).not.toContain('project.create');
    expect(code).toBe(6);
    expect(fake.seen).toHaveLength(before);
  });

  it('when something is missing that may not be asked for, and at once', async () => {
    const startedMs = Date.now();
    const { envelope, code } = await failing(['engineering', 'start', '--spec', 'x']);

    expect(envelope).toMatchObject({
      error: { code: 'INPUT_REQUIRED' },
      missing: ['--project'],
      choices: ['todo-api'],
    });
    expect(code).toBe(2);
    expect(Date.now() - startedMs).toBeLessThan(5000);
  });

  it('for --help of everything, of a topic and of a command', async () => {
    const all = envelopeOf(await machine.run(['--help', '--json']));
    const topic = envelopeOf(await machine.run(['project', '--json']));
    const command = envelopeOf(await machine.run(['engineering', 'start', '--help', '--json']));

    expect(all).toMatchObject({ ok: true, command: 'help' });
    expect(topic.data.commands).toContainEqual({ command: 'project create', summary: 'Create a project' });
    expect(command.data).toMatchObject({ command: 'engineering start' });
    expect(command.data.examples).not.toHaveLength(0);
    expect(command.data.exit_codes).toContainEqual({ code: 8, meaning: 'still running when the wait ended' });
  });

  it('for --version', async () => {
    const ended = await machine.run(['--version', '--json']);

    expect(envelopeOf(ended)).toMatchObject({ ok: true, command: 'version', data: { node: process.version } });
    expect(ended.code).toBe(0);
  });

  it('for no command at all', async () => {
    const envelope = envelopeOf(await machine.run(['--json']));

    expect(envelope.data).toMatchObject({ state: 'ready', user: 'Ada', projects: 1 });
  });

  it('when SIGTERM ends it', async () => {
    fake.intercept = ({ path }) => (path === '/projects' ? { status: 503, body: 'busy' } : undefined);
    const running = machine.start(['project', 'list', '--json']);
    const before = fake.seen.length;
    await waitFor('the first try', () => fake.seen.length > before);
    running.child.kill('SIGTERM');
    const ended = await running.ended;
    fake.intercept = undefined;

    expect(envelopeOf(ended)).toMatchObject({ ok: false, error: { code: 'TERMINATED', exit_code: 143 } });
    expect(ended.code).toBe(143);
  });
});

describe('a large document', () => {
  it('reaches a slow reader whole', async () => {
    const spec = 'x'.repeat(900_000);
    const start = ['engineering', 'start', '--project', 'todo-api', '--spec', '-', '--json'];
    const { data } = envelopeOf(await machine.run(start, { stdin: spec }));
    const running = machine.start(['task', 'get', String(data.id), '--json']);
    running.child.stdout.pause();
    setTimeout(() => running.child.stdout.resume(), 700);
    const ended = await running.ended;

    expect(envelopeOf(ended).data.spec).toBe(spec);
    expect(ended.code).toBe(0);
  });

  it('whose reader goes away is no error', async () => {
    const spec = 'x'.repeat(900_000);
    const start = ['engineering', 'start', '--project', 'todo-api', '--spec', '-', '--json'];
    const { data } = envelopeOf(await machine.run(start, { stdin: spec }));
    const running = machine.start(['task', 'get', String(data.id), '--json']);
    running.child.stdout.destroy();
    const ended = await running.ended;

    expect(ended).toMatchObject({ code: 0, stderr: '' });
  });
});
