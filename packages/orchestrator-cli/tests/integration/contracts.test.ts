import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { envelopeOf, type Machine, makeMachine } from '../support/run-cli.js';

const BIN = inject('cli');
const CONTRACTS = join(import.meta.dirname, '../../../contracts');
const VECTORS = join(CONTRACTS, 'tests/fixtures/vectors');
const LINES = ['contracts', 'validate', '--lines', '-'];
const OK = '{"ok":true}';

let machine: Machine;
beforeAll(async () => {
  machine = await makeMachine();
});
afterAll(() => machine.remove());

interface Vector {
  model: string;
  json: unknown;
  path: string;
}

function vectors(file: string): Vector[] {
  return JSON.parse(readFileSync(join(VECTORS, file), 'utf8'));
}

function answersOf({ stdout }: { stdout: string }): { ok: boolean; error?: string; path?: string }[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

const message = { task_id: 't', project_id: 'p', user_id: 7123456789 };
const line = (json: unknown, model = 'DeployMessage') => `${JSON.stringify({ model, json })}\n`;

/** Runs a shell line, in which `cli` is the command line. */
async function inShell(script: string) {
  const child = spawn('bash', ['-c', `set -o pipefail; cli() { "${process.execPath}" "${BIN}" "$@"; }; ${script}`], {
    env: { PATH: process.env.PATH, HOME: machine.folder, ORCHESTRATOR_CONFIG_DIR: machine.configFolder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (chunk) => (written[name] += chunk));
  const [code] = await once(child, 'close');
  return { code: code as number, ...written };
}

describe('contracts list', () => {
  it('needs no API, no Redis and no configuration', async () => {
    const { data } = envelopeOf(await machine.run(['contracts', 'list', '--json']));
    const text = await machine.run(['contracts', 'list']);

    expect(data.queues).toHaveLength(19);
    expect(data.other_models).toContain('WorkerConfig');
    expect(text).toMatchObject({ code: 0, stderr: '' });
    expect(text.stdout).toContain('cli-agent:commands as worker:commands');
  });
});

describe('contracts schema', () => {
  it('prints the document as it is published, and in the envelope with --json', async () => {
    const file = JSON.parse(readFileSync(join(CONTRACTS, 'schemas/DeployMessage.json'), 'utf8'));
    const text = await machine.run(['contracts', 'schema', 'DeployMessage']);
    const json = await machine.run(['contracts', 'schema', 'DeployMessage', '--json']);

    expect(text).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(text.stdout)).toEqual(file);
    expect(text.stdout.split('\n').length).toBeGreaterThan(10);
    expect(envelopeOf(json)).toMatchObject({ ok: true, command: 'contracts schema', data: file });
  });

  it('knows every name that the list shows', async () => {
    const { data } = envelopeOf(await machine.run(['contracts', 'list', '--json']));
    const { queues, other_models, dtos } = data as {
      queues: { model: string }[];
      other_models: string[];
      dtos: string[];
    };
    const names = [...new Set([...queues.map(({ model }) => model), ...other_models, ...dtos])].sort();

    expect(readdirSync(join(CONTRACTS, 'schemas')).sort()).toEqual(names.map((name) => `${name}.json`));
  });

  it('says which model may be meant, and which there are', async () => {
    for (const name of ['deploymesage', '../asyncapi']) {
      const ended = await machine.run(['contracts', 'schema', name, '--json']);

      expect(envelopeOf(ended).error).toMatchObject({ code: 'NOT_FOUND', exit_code: 3 });
      expect(envelopeOf(ended).choices).toContain('DeployMessage');
      expect(ended.code).toBe(3);
    }
    const near = await machine.run(['contracts', 'schema', 'deploymesage']);
    const none = await machine.run(['contracts', 'schema', '--json']);

    expect(near.stderr).toContain('did you mean DeployMessage?');
    expect(near.stderr.trimEnd().split('\n').at(-1)).toBe('Try: orchestrator contracts schema DeployMessage');
    expect(envelopeOf(none)).toMatchObject({ error: { code: 'INPUT_REQUIRED', exit_code: 2 }, missing: ['MODEL'] });
  });
});

describe('contracts asyncapi', () => {
  it('prints the document as it is published, through a pipe to a file too', async () => {
    const file = JSON.parse(readFileSync(join(CONTRACTS, 'asyncapi.json'), 'utf8'));
    const piped = await inShell('cli contracts asyncapi > "$HOME/asyncapi.json" && cli contracts asyncapi | head -1');
    const json = await machine.run(['contracts', 'asyncapi', '--json']);

    expect(piped).toEqual({ code: 0, stdout: '{\n', stderr: '' });
    expect(JSON.parse(readFileSync(join(machine.folder, 'asyncapi.json'), 'utf8'))).toEqual(file);
    expect(envelopeOf(json).data).toEqual(file);
  });
});

describe('contracts validate --lines', () => {
  it('says ok to all that the Python peers emit', async () => {
    const valid = vectors('valid.json');
    const ended = await machine.run(LINES, { stdin: valid.map(({ model, json }) => line(json, model)).join('') });

    expect(ended).toMatchObject({ code: 0, stderr: '', stdout: `${OK}\n`.repeat(valid.length) });
  });

  it('names the path of all that the Python peers refuse', async () => {
    const invalid = vectors('invalid.json');
    const ended = await machine.run(LINES, { stdin: invalid.map(({ model, json }) => line(json, model)).join('') });
    const answers = answersOf(ended);

    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(answers).toHaveLength(invalid.length);
    const missed = invalid.filter(({ path }, at) => {
      const answer = answers[at];
      return answer?.ok !== false || !answer.error || !`${answer.path}.`.startsWith(path === '' ? '' : `${path}.`);
    });
    expect(missed).toEqual([]);
  });

  it('answers each line before the next one comes', async () => {
    const stdin = new PassThrough();
    const running = machine.start(LINES, { stdin });
    stdin.write(line(message));
    await waitFor('the first answer', () => running.stdout() === `${OK}\n`);
    stdin.write(line({}).slice(0, 20));
    stdin.write(line({}).slice(20));
    await waitFor('the second answer', () => running.stdout().includes('"path":"task_id"'));
    stdin.end(line(message).trimEnd());

    expect((await running.ended).stdout.split('\n').at(-2)).toBe(OK);
  });

  it('answers what cannot be read in its place, goes on, and tells it with the exit code', async () => {
    const stdin = ['nonsense\n', line(message), '\n', line({}, 'DeployMesage'), '{"json":{}}\n', line(message)].join(
      '',
    );
    for (const env of [{}, { ORCHESTRATOR_JSON: '1' }]) {
      const ended = await machine.run([...LINES, '--json'], { stdin, env });
      const answers = answersOf(ended);

      expect(answers.map(({ ok }) => ok)).toEqual([false, true, false, false, true]);
      expect(answers.filter(({ ok }) => !ok).map(({ path }) => path)).toEqual(['', '', '']);
      expect(answers[2]?.error).toBe('there is no model "DeployMesage"');
      expect(ended.code).toBe(2);
      expect(ended.stderr).toContain('3 of 5 lines could not be read; the first is line 1');
    }
  });

  it('prints nothing else with --json, and nothing for no lines', async () => {
    const ended = await machine.run([...LINES, '--json'], { stdin: line(message) });
    const none = await machine.run([...LINES, '--json']);

    expect(ended).toEqual({ code: 0, stderr: '', stdout: `${OK}\n` });
    expect(none).toEqual({ code: 0, stderr: '', stdout: '' });
  });

  it('reads a file, and tells of one that it cannot open as every command does', async () => {
    await writeFile(join(machine.folder, 'lines.ndjson'), line(message) + line(message));
    const ended = await machine.run(['contracts', 'validate', 'lines.ndjson', '--lines']);
    const missing = await machine.run(['contracts', 'validate', '--lines', 'none.ndjson', '--json']);

    expect(ended).toMatchObject({ code: 0, stdout: `${OK}\n${OK}\n` });
    expect(envelopeOf(missing).error).toMatchObject({ code: 'USAGE', message: 'none.ndjson cannot be read (ENOENT)' });
    expect(missing.code).toBe(2);
  });

  it('never repeats a secret', async () => {
    const secret = 'ghp_verysecret';
    const documents = [
      { ...message, github_token: secret },
      { ...message, context: { Secrets: [secret] } },
      `{"secrets": ${secret}}`,
    ];
    const ended = await machine.run(LINES, {
      stdin: `${documents.map((json) => line(json)).join('')}{"secrets":${secret}`,
    });

    expect(answersOf(ended).map(({ path }) => path)).toEqual(['github_token', 'context.Secrets', '', '']);
    expect(ended.stdout + ended.stderr).not.toContain('ghp_');
  });

  it('refuses another version and bottomless nesting', async () => {
    const deep = `{"model":"DeployMessage","json":{"a":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}}\n`;
    const ended = await machine.run(LINES, { stdin: line({ ...message, version: '2' }) + deep + line(message) });

    expect(answersOf(ended)).toMatchObject([{ path: 'version' }, { path: '' }, { ok: true }]);
    expect(ended.code).toBe(0);
  });

  it('takes lines of 10 MB', async () => {
    const spec = 'ä'.repeat(5_000_000);
    const config = { name: spec, agent: 'custom', capabilities: [], env_vars: {} };
    const wrong = { ...config, agent: 7 };
    const stdin = line(config, 'WorkerConfig') + line(wrong, 'WorkerConfig') + line(message);
    const ended = await machine.run(LINES, { stdin });

    expect(answersOf(ended)).toMatchObject([{ ok: true }, { ok: false, path: 'agent' }, { ok: true }]);
  });

  it('holds only what it works on: 100,000 lines with 24 MB of heap', async () => {
    const count = 100_000;
    const stdin = Readable.from(
      (function* () {
        const batch = line({ ...message, note: 'x'.repeat(300) }).repeat(1000);
        for (let at = 0; at < count / 1000; at += 1) yield batch;
      })(),
    );
    const ended = await machine.run(LINES, { stdin, env: { NODE_OPTIONS: '--max-old-space-size=24' } });

    expect(ended.stderr).toBe('');
    expect(ended.stdout).toBe(`${OK}\n`.repeat(count));
  });

  it('reads no faster than its answers are taken', async () => {
    const most = 64 * 1024 * 1024;
    const unknown = line({}, 'x'.repeat(60));
    const batch = unknown.repeat(1000);
    let taken = 0;
    const stdin = Readable.from(
      (function* () {
        for (; taken < most; taken += batch.length) yield batch;
      })(),
    );
    const running = machine.start(LINES, { stdin });
    running.child.stdout.pause();
    await waitFor('the first answers', () => running.child.stdout.readableLength > 0);
    let before = -1;
    await waitFor('the reading to stop', async () => {
      const stopped = before === taken;
      before = taken;
      await sleep(500);
      return stopped;
    });
    expect(taken).toBeLessThan(most / 4);
    running.child.kill('SIGKILL');
    stdin.destroy();
    await running.ended;
  });

  it('is quiet when its reader goes away, and ends with standard input closed', async () => {
    const endless = `yes '${line(message).trimEnd()}'`;
    const head = await inShell(
      `${endless} 2>/dev/null | cli contracts validate --lines - | head -1; echo "\${PIPESTATUS[1]}"`,
    );
    const closed = await inShell('cli contracts validate --lines - <&-');

    expect(head).toEqual({ code: 0, stdout: `${OK}\n0\n`, stderr: '' });
    expect(closed).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('ends at SIGTERM with what it has answered and nothing else on standard output', async () => {
    const stdin = new PassThrough();
    const running = machine.start([...LINES, '--json'], { stdin });
    stdin.write(line(message));
    await waitFor('the first answer', () => running.stdout() !== '');
    running.child.kill('SIGTERM');
    const ended = await running.ended;

    expect(ended).toMatchObject({ code: 143, stdout: `${OK}\n` });
    expect(ended.stderr).toContain('ended by SIGTERM');
  });
});

describe('contracts validate', () => {
  const validate = (...args: string[]) => ['contracts', 'validate', '--model', 'DeployMessage', ...args];

  it('ends with 0 for a valid document, from a file or standard input', async () => {
    await writeFile(join(machine.folder, 'valid.json'), `\ufeff${JSON.stringify(message)}`);
    const file = await machine.run(validate('valid.json', '--json'));
    const piped = await machine.run(validate('-'), { stdin: JSON.stringify(message) });
    const bare = await machine.run(validate(), { stdin: JSON.stringify(message) });

    expect(envelopeOf(file).data).toEqual({ model: 'DeployMessage', file: 'valid.json', valid: true });
    for (const ended of [piped, bare]) expect(ended).toEqual({ code: 0, stderr: '', stdout: 'valid DeployMessage\n' });
  });

  it('ends with 2 for an invalid one, with each path and reason', async () => {
    const stdin = JSON.stringify({ task_id: 7, user_id: 1 });
    const text = await machine.run(validate('-'), { stdin });
    const json = await machine.run(validate('-', '--json'), { stdin });

    expect([text.code, json.code]).toEqual([2, 2]);
    expect(text.stdout).toBe('');
    expect(text.stderr).toContain('  task_id: Invalid input: expected string, received number\n');
    expect(text.stderr).toContain('  project_id: ');
    expect(text.stderr.trimEnd().split('\n').at(-1)).toBe('Try: orchestrator contracts schema DeployMessage');
    expect(envelopeOf(json).error).toMatchObject({ code: 'VALIDATION_FAILED', details: { errors: { length: 2 } } });
  });

  it('never repeats a secret, and says where it is', async () => {
    const stdin = JSON.stringify({ ...message, secrets: { KEY: 'sEcReT' } });
    const ended = await machine.run(validate('-', '--json'), { stdin });

    expect(envelopeOf(ended).error.details.errors).toMatchObject([{ path: 'secrets' }]);
    expect(ended.stdout + ended.stderr).not.toContain('sEcReT');
  });

  it('says of what it cannot check what is wrong with it', async () => {
    await mkdir(join(machine.folder, 'folder'), { recursive: true });
    for (const [args, stdin, error] of [
      [['none.json'], '', 'none.json cannot be read (ENOENT)'],
      [['folder'], '', 'folder cannot be read (EISDIR)'],
      [['-'], '', 'it is empty'],
      [['-'], '{"task_id":', 'it is not JSON: Unexpected end of JSON input'],
      [['-'], '[]', '\n  not a JSON object\n'],
    ] as const) {
      const ended = await machine.run(validate(...args), { stdin });

      expect(ended.stderr).toContain(error);
      expect(ended.stderr.trimEnd().split('\n').at(-1)).toMatch(/^Try: orchestrator contracts /);
      expect(ended).toMatchObject({ code: 2, stdout: '' });
    }
  });

  it('knows the models, and says which one may be meant', async () => {
    const unknown = await machine.run(['contracts', 'validate', '--model', 'DeployMesage', '-', '--json']);
    const none = await machine.run(['contracts', 'validate', '-', '--json']);
    const both = await machine.run([...LINES, '--model', 'DeployMessage']);

    expect(envelopeOf(unknown).error.message).toBe('there is no model "DeployMesage"; did you mean DeployMessage?');
    expect(envelopeOf(unknown).choices).toContain('WorkerConfig');
    expect(envelopeOf(none)).toMatchObject({ error: { code: 'INPUT_REQUIRED' }, missing: ['--model'] });
    expect(both.stderr).toContain('--lines and --model exclude each other');
    expect([unknown.code, none.code, both.code]).toEqual([2, 2, 2]);
  });

  it('takes a document of several MB', async () => {
    const config = { name: 'a', agent: 'custom', capabilities: [], env_vars: {}, instructions: 'x'.repeat(8_000_000) };
    await writeFile(join(machine.folder, 'large.json'), JSON.stringify(config));

    expect(await machine.run(['contracts', 'validate', '--model', 'WorkerConfig', 'large.json'])).toMatchObject({
      code: 0,
    });
  });
});
