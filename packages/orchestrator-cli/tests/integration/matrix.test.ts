import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCodes } from '@codegen/contracts';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { z } from 'zod';
import { type PackedCli, packedCli } from '../../../../tests/support/packed-cli.js';
import { freePort } from '../../../../tests/support/ports.js';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { type FakeApi, problem, startFakeApi, TOKEN } from '../../../sdk/tests/support/fake-api.js';
import { type Finished, startCli, type Wiring } from '../support/cli-process.js';
import { createTask } from '../support/create-task.js';

/** What the command line is called with, and what must come of it however it is called. */
interface Case {
  name: string;
  args: string[];
  code: number;
  /** As the envelope names it. */
  command: string;
  /** The error's code, where it fails. */
  error?: keyof typeof errorCodes;
  /** Which API it talks to. */
  api?: 'working' | 'forbidding' | 'failing' | 'nobody';
  env?: Record<string, string>;
  interrupt?: 'SIGINT' | 'SIGTERM';
}

/** A way to call it. */
interface Mode {
  name: string;
  wiring: Wiring;
  args?: string[];
  env?: Record<string, string>;
  json: boolean;
}

/** Planted wherever a secret may stand; none may show anywhere. */
const CANARY = 'cAnArY';
const secret = (where: string) => `${CANARY}-${where}-0123456789`;
const password = (where: string) => `//ada:${secret(where)}@`;

const cases: Case[] = [
  { name: 'success', args: ['project', 'list'], code: 0, command: 'project list' },
  { name: 'no result', args: ['task', 'list', '--type', 'deploy'], code: 0, command: 'task list' },
  { name: 'bare', args: [], code: 0, command: 'orchestrator' },
  { name: '--help', args: ['--help'], code: 0, command: 'help' },
  { name: 'topic --help', args: ['task', '--help'], code: 0, command: 'help' },
  { name: 'command --help', args: ['task', 'list', '--help'], code: 0, command: 'task list' },
  { name: '--version', args: ['--version'], code: 0, command: 'version' },
  { name: 'parse error', args: ['project', 'list', '--limit', secret('value')], ...fails('USAGE', 'project list') },
  { name: 'no such value', args: ['task', 'list', '--type', `x ${secret('a')} y`], ...fails('USAGE', 'task list') },
  { name: 'missing value', args: ['project', 'list', '--limit'], ...fails('USAGE', 'project list') },
  { name: 'too many args', args: ['project', 'get', 'a', secret('argument')], ...fails('USAGE', 'project get') },
  { name: 'unknown command', args: ['projct', secret('word')], ...fails('UNKNOWN_COMMAND') },
  { name: 'unknown verb', args: ['project', secret('verb')], ...fails('UNKNOWN_COMMAND') },
  { name: 'unknown flag', args: ['project', 'list', `--token=${secret('flag')}`], ...fails('USAGE', 'project list') },
  { name: 'unknown flag first', args: ['--token', secret('first'), 'project', 'list'], ...fails('USAGE') },
  { name: 'input required', args: ['engineering', 'start'], ...fails('INPUT_REQUIRED', 'engineering start') },
  { name: 'no identifier', args: ['project', 'get', '../x'], ...fails('VALIDATION_FAILED', 'project get') },
  {
    name: 'not configured',
    args: ['project', 'list'],
    env: { ORCHESTRATOR_TOKEN: '', ORCHESTRATOR_CONFIG_DIR: '/nowhere' },
    ...fails('NOT_CONFIGURED', 'project list'),
  },
  {
    name: 'unauthenticated',
    args: ['project', 'list'],
    env: { ORCHESTRATOR_TOKEN: secret('wrong-token') },
    ...fails('UNAUTHENTICATED', 'project list'),
  },
  {
    name: 'not allowed here',
    args: ['project', 'create', secret('argument')],
    env: { ALLOWED_COMMANDS: 'task.*' },
    ...fails('COMMAND_NOT_ALLOWED', 'project create'),
  },
  { name: 'forbidden (403)', args: ['project', 'list'], api: 'forbidding', ...fails('FORBIDDEN', 'project list') },
  { name: 'not found', args: ['project', 'get', 'nope'], ...fails('PROJECT_NOT_FOUND', 'project get') },
  { name: 'conflict', args: ['project', 'create', 'todo-api'], ...fails('NAME_TAKEN', 'project create') },
  { name: 'task failed', args: ['engineering', 'wait', 'FAILED'], ...fails('TASK_FAILED', 'engineering wait') },
  {
    name: 'still running',
    args: ['engineering', 'wait', 'RUNNING', '--timeout', '200ms'],
    ...fails('STILL_RUNNING', 'engineering wait'),
  },
  { name: 'network down', args: ['project', 'list'], api: 'nobody', ...fails('NETWORK', 'project list') },
  { name: 'server 5xx', args: ['project', 'list'], api: 'failing', ...fails('API_UNAVAILABLE', 'project list') },
  {
    name: 'SIGINT, request',
    args: ['project', 'list'],
    interrupt: 'SIGINT',
    ...fails('INTERRUPTED', 'project list'),
  },
  {
    name: 'SIGTERM, request',
    args: ['project', 'list'],
    interrupt: 'SIGTERM',
    ...fails('TERMINATED', 'project list'),
  },
  {
    name: 'SIGINT, wait',
    args: ['engineering', 'wait', 'RUNNING'],
    interrupt: 'SIGINT',
    ...fails('INTERRUPTED', 'engineering wait'),
  },
  {
    name: 'SIGTERM, wait',
    args: ['engineering', 'wait', 'RUNNING'],
    interrupt: 'SIGTERM',
    ...fails('TERMINATED', 'engineering wait'),
  },
];

const modes: Mode[] = [
  { name: '--json piped', wiring: 'pipes', args: ['--json'], json: true },
  { name: 'ORCHESTRATOR_JSON', wiring: 'pipes', env: { ORCHESTRATOR_JSON: '1' }, json: true },
  { name: '--json terminal', wiring: 'terminal, stderr apart', args: ['--json'], json: true },
  { name: 'terminal', wiring: 'terminal', json: false },
  { name: 'NO_COLOR', wiring: 'terminal', env: { NO_COLOR: '1' }, json: false },
  { name: 'piped', wiring: 'pipes', json: false },
];

function fails(error: keyof typeof errorCodes, command = 'orchestrator') {
  return { error, command, code: errorCodes[error].exitCode };
}

let cli: PackedCli;
let folder: string;
let remove: () => Promise<void>;
const apis = {} as Record<'working' | 'forbidding' | 'failing', FakeApi>;
let nobody: string;
/** Ids that stand in command lines by these names. */
const tasks = { RUNNING: '', FAILED: '' };
/** What came of each cell: case → mode → exit code and whether all is well. */
const table = new Map<string, Map<string, string>>();

beforeAll(async () => {
  cli = await packedCli();
  ({ path: folder, remove } = await tempFolder('codegen-matrix'));
  for (const name of ['working', 'forbidding', 'failing'] as const) apis[name] = await startFakeApi();
  apis.forbidding.intercept = () => problem('FORBIDDEN', 'the key has no scope project.list');
  apis.failing.intercept = () => ({ status: 503, body: 'busy' });
  nobody = `http://127.0.0.1:${await freePort()}`;
  tasks.RUNNING = await runningTask(apis.working);
  tasks.FAILED = await runningTask(apis.working);
  apis.working.end(tasks.FAILED, 'failed', { reason: 'tests_failed', error: 'two of three tests fail' });
  await mkdir(join(folder, 'config'), { mode: 0o700 });
  const profile = { api_url: apis.working.url, token: secret('stored'), redis_url: `redis:${password('stored')}h` };
  const config = JSON.stringify({ profiles: { default: profile } });
  await writeFile(join(folder, 'config', 'config.json'), config, { mode: 0o600 });
});
afterAll(async () => {
  process.stdout.write(`\n${drawTable()}\n`);
  for (const api of Object.values(apis)) await api.stop();
  await remove();
  await cli.remove();
});

describe('in every mode, the same exit code, one answer where it belongs, and no secret', () => {
  for (const one of cases) {
    for (const mode of modes) {
      it.concurrent(`${one.name}: ${mode.name}`, async ({ expect }) => {
        const finished = one.interrupt ? await runInterrupted(one, mode) : await run(one, mode);
        const problems = mode.json ? problemsOfJson(one, finished) : problemsOfText(one, mode, finished);
        if (finished.code !== one.code) problems.unshift(`exit code ${finished.code}, not ${one.code}`);
        problems.push(...leaksIn(finished));
        const row = table.get(one.name) ?? new Map<string, string>();
        table.set(one.name, row.set(mode.name, `${finished.code} ${problems.length === 0 ? '✓' : '✗'}`));
        expect(problems, JSON.stringify(finished, null, 1)).toEqual([]);
      });
    }
  }
});

function start(one: Case, mode: Mode, apiUrl: string) {
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    TERM: 'xterm-256color',
    ORCHESTRATOR_CONFIG_DIR: join(folder, 'config'),
    ORCHESTRATOR_API_URL: apiUrl,
    ORCHESTRATOR_TOKEN: TOKEN,
    ORCHESTRATOR_REDIS_URL: `redis:${password('redis')}127.0.0.1:1`,
    HTTPS_PROXY: `http:${password('proxy')}127.0.0.1:1`,
    ORCHESTRATOR_NO_INPUT: '1',
    ...mode.env,
    ...one.env,
  };
  const args = [...one.args.map((arg) => tasks[arg as keyof typeof tasks] ?? arg), ...(mode.args ?? [])];
  return startCli(cli.bin, args, { env, cwd: folder, wiring: mode.wiring });
}

async function run(one: Case, mode: Mode): Promise<Finished> {
  const url = one.api === 'nobody' ? nobody : apis[one.api ?? 'working'].url;
  return await (await start(one, mode, url)).finished;
}

/** Sends the signal while the command waits for an API of its own. */
async function runInterrupted(one: Case, mode: Mode): Promise<Finished> {
  const api = await startFakeApi();
  const waits = one.args.includes('wait');
  if (!waits) api.intercept = ({ path }) => (path === '/projects' ? { afterMs: 60_000 } : undefined);
  const id = await runningTask(api);
  const args = one.args.map((arg) => (arg === 'RUNNING' ? id : arg));
  const running = await start({ ...one, args }, mode, api.url);
  await waitFor('the request', () =>
    api.seen.some(({ path }) => path === (waits ? `/tasks/${id}/events` : '/projects')),
  );
  await running.interrupt(one.interrupt as 'SIGINT');
  return await running.finished.finally(() => api.stop());
}

async function runningTask(api: FakeApi): Promise<string> {
  const id = await createTask(api);
  api.emit(id, { current_step: 'develop', message: 'round 1' });
  return id;
}

/** What is wrong with an answer for programs. */
function problemsOfJson(one: Case, { stdout, stderr }: Finished): string[] {
  const problems: string[] = [];
  const check = (holds: boolean, problem: string) => holds || problems.push(problem);
  // A terminal turns the line break into two characters.
  const text = stdout.replace(/\r\n$/, '\n');
  check(text.endsWith('\n') && !text.slice(0, -1).includes('\n'), 'standard output is not one line');
  check(!HIDDEN.test(text.slice(0, -1)), 'standard output holds control characters');
  check(!stderr.includes(ESCAPE), 'standard error holds escape sequences');
  check(!/\n {4}at /.test(stderr), 'standard error holds a stack');
  const parsed = readJson(text);
  if (parsed === undefined) return [...problems, 'standard output is not JSON'];
  const { success, error } = one.error
    ? failureEnvelope(one.command, one.error, one.code).safeParse(parsed)
    : successEnvelope(one.command).safeParse(parsed);
  check(success, `the envelope is not as it must be: ${error ? z.prettifyError(error) : ''}`);
  return problems;
}

/** What is wrong with an answer for people. */
function problemsOfText(one: Case, mode: Mode, { stdout, stderr }: Finished): string[] {
  const problems: string[] = [];
  const check = (holds: boolean, problem: string) => holds || problems.push(problem);
  const inTerminal = mode.wiring === 'terminal';
  const said = (inTerminal ? stdout : stderr).replaceAll('\r\n', '\n');
  const plain = said.replace(SEQUENCE, '');
  check(!/\n {4}at /.test(said), 'a stack shows');
  check(!HIDDEN.test(plain.replaceAll(/[\n\r]/g, '')), 'control characters show');
  if (one.error) {
    check(/^Try: \S.*\n$/.test(plain.slice(plain.trimEnd().lastIndexOf('\n') + 1)), 'the last line is not "Try: …"');
    const label = one.interrupt ? 'Stopped' : 'Error';
    check(new RegExp(`^${label}: \\S`, 'm').test(plain), `no line "${label}: …"`);
    if (!inTerminal) check(stdout === '', 'standard output is not empty');
  } else if (!inTerminal) {
    check(stdout.trim() !== '', 'standard output is empty');
    check(stderr === '', 'standard error is not empty');
  }
  if (inTerminal && mode.env?.NO_COLOR === undefined && one.name !== '--version')
    check(COLOUR.test(stdout), 'there is no colour');
  else check(!COLOUR.test(stdout + stderr), 'there is colour');
  if (!inTerminal) check(!(stdout + stderr).includes(ESCAPE), 'escape sequences in a pipe');
  return problems;
}

const ESCAPE = '\u001b';
const COLOUR = new RegExp(`${ESCAPE}\\[[0-9;]*m`);
const SEQUENCE = new RegExp(`${ESCAPE}(?:\\[[0-?]*[ -/]*[@-~]|[@-Z])`, 'g');
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

const meta = z.strictObject({
  request_id: z.string().min(1),
  correlation_id: z.string().min(1),
  idempotency_key: z.string().min(1).optional(),
});

function successEnvelope(command: string) {
  const fixed = { ok: z.literal(true), schema_version: z.literal(1), command: z.literal(command) };
  return z.strictObject({ ...fixed, data: z.unknown(), warnings: z.array(z.string()), meta });
}

function failureEnvelope(command: string, code: keyof typeof errorCodes, exitCode: number) {
  return z.strictObject({
    ok: z.literal(false),
    schema_version: z.literal(1),
    command: z.literal(command),
    error: z.strictObject({
      code: z.literal(code),
      message: z.string().min(1),
      exit_code: z.literal(exitCode),
      retryable: z.literal(errorCodes[code].retryable),
      retry_after_ms: z.number().optional(),
      details: z.unknown().optional(),
      request_id: z.string().optional(),
    }),
    missing: z.array(z.string()).min(1).optional(),
    choices: z.array(z.string()).min(1).optional(),
    next: z.array(z.strictObject({ command: z.string().min(1), when: z.string().min(1) })).min(1),
    warnings: z.array(z.string()),
    meta,
  });
}

/** Which planted secrets show, as they are or encoded. */
function leaksIn({ stdout, stderr }: Finished): string[] {
  const shown = stdout + stderr;
  const forms = [CANARY, Buffer.from(CANARY).toString('base64').slice(0, 8), 'sEcReT'];
  return forms.filter((form) => shown.includes(form)).map((form) => `${form} shows`);
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Every cell, a row a case. */
function drawTable(): string {
  const widths = [...modes.map(({ name }) => Math.max(name.length, 5))];
  const first = Math.max(...cases.map(({ name }) => name.length));
  const line = (head: string, cells: readonly string[]) =>
    `${head.padEnd(first)}  ${cells.map((cell, at) => cell.padStart(widths[at] as number)).join('  ')}`;
  const rows = cases.map(({ name }) =>
    line(
      name,
      modes.map((mode) => table.get(name)?.get(mode.name) ?? '-'),
    ),
  );
  return [
    line(
      '',
      modes.map(({ name }) => name),
    ),
    ...rows,
  ].join('\n');
}
