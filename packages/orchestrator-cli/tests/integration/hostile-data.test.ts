import { execFile } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { type FakeApi, startFakeApi, TOKEN } from '../../../sdk/tests/support/fake-api.js';
import { widthOf } from '../../src/kit/text.js';
import { startCli, type Wiring } from '../support/cli-process.js';
import { createTask } from '../support/create-task.js';
import { envelopeOf } from '../support/run-cli.js';

/** All that a terminal might obey, that hides or reorders text, that a shell might run, that is wide, narrow or long. */
const HOSTILE = [
  '\u001b[31;8m\u001b[2J\u001b]8;;http://evil.example\u0007link\u001b]8;;\u0007\u001b]52;c;cm0gLXJm\u0007',
  '\u009b1m\u0090\u202e\u2066\u061c\u200b\u{e0041}\r\b\u0000\u007f\n\t$(touch pwned) `touch pwned`; touch pwned | touch pwned',
  ` > pwned && 'touch pwned' "a" e\u0301 👩‍💻 日本語 ${'long '.repeat(60)}`,
].join('');

/** What each command that reads from the API is called with. */
const commands: string[][] = [
  [],
  ['project', 'list'],
  ['project', 'list', '--fields', 'id,name,description,manifest'],
  ['project', 'get', 'todo-api'],
  ['project', 'create', 'another'],
  ['project', 'update', 'todo-api', '--description', 'x'],
  ['project', 'tasks', 'todo-api'],
  ['project', 'archive', 'todo-api', '--yes'],
  ['engineering', 'start', '--project', 'todo-api', '--spec', 'x'],
  ['engineering', 'status', 'TASK'],
  ['engineering', 'wait', 'TASK', '--timeout', '300ms'],
  ['deploy', 'start', '--project', 'todo-api'],
  ['deploy', 'list'],
  ['task', 'list'],
  ['task', 'get', 'TASK'],
  ['task', 'watch', 'ENDED'],
  ['task', 'logs', 'ENDED'],
  ['task', 'cancel', 'TASK', '--yes'],
  ['task', 'retry', 'FAILED'],
  ['explain', 'TASK'],
  ['auth', 'status'],
  ['diagnose', 'api'],
  ['diagnose', 'projects'],
];

const bin = inject('cli');
let folder: string;
let remove: () => Promise<void>;
let fake: FakeApi;
const ids: Record<string, string> = {};
beforeAll(async () => {
  ({ path: folder, remove } = await tempFolder('codegen-hostile'));
  fake = await startFakeApi();
  // All commands run side by side: what one of them changes is no other's.
  for (const name of ['TASK', 'ENDED', 'FAILED']) ids[name] = await createTask(fake);
  for (const id of [ids.ENDED, ids.FAILED] as string[]) {
    fake.emit(id, { current_step: HOSTILE, message: HOSTILE });
    fake.end(id, 'failed', { reason: HOSTILE, error: HOSTILE, result: { deployed_url: HOSTILE } });
  }
  fake.transform = (answer) => ({ ...answer, body: poisoned(answer.body) });
});
afterAll(async () => {
  await fake.stop();
  await remove();
});

/** The same document with every text hostile, but for what the contract holds to a form: words of a choice, datetimes, ids that are asked for again. */
function poisoned(body: unknown, key = ''): unknown {
  if (Array.isArray(body)) return body.map((item) => poisoned(item, key));
  if (typeof body === 'object' && body !== null) {
    return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, poisoned(value, name)]));
  }
  if (body === null && ['description', 'reason', 'error', 'repository_url', 'message'].includes(key)) return HOSTILE;
  const fixed =
    ['id', 'code', 'status', 'type', 'role', 'stream'].includes(key) || key.endsWith('_at') || key === 'timestamp';
  return typeof body === 'string' && !fixed ? HOSTILE : body;
}

async function run(args: readonly string[], wiring: Wiring, env: Record<string, string> = {}) {
  const cwd = join(folder, 'work');
  await mkdir(cwd, { recursive: true });
  const base = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    TERM: 'xterm-256color',
    ORCHESTRATOR_CONFIG_DIR: join(folder, 'config'),
    ORCHESTRATOR_API_URL: fake.url,
    ORCHESTRATOR_TOKEN: TOKEN,
    ORCHESTRATOR_NO_INPUT: '1',
  };
  const words = args.map((arg) => ids[arg] ?? arg);
  return await (await startCli(bin, words, { env: { ...base, ...env }, cwd, wiring })).finished;
}

const UNSEEN =
  '\\u0000-\\u0009\\u000b-\\u001f\\u007f-\\u009f\\u061c\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff\\u{e0000}-\\u{e007f}';
const CONTROL = new RegExp(`[${UNSEEN}]`, 'u');

/** What the live view of a wait draws itself anew with. */
const ESCAPE = '\\u001b';
const REDRAWING = new RegExp(`${ESCAPE}\\[\\?25[lh]|(?:${ESCAPE}\\[\\d+A)?\\r${ESCAPE}\\[J`, 'g');

/** Runs lines of a shell in which `orchestrator` does nothing, and says which files came of it. */
async function filesAfterPasting(lines: readonly string[]): Promise<string[]> {
  const { path, remove: removeFolder } = await tempFolder('codegen-paste');
  const script = `orchestrator() { :; }\n${lines.join('\n')}`;
  await promisify(execFile)('bash', ['-euc', script], { cwd: path });
  const files = await readdir(path);
  await removeFolder();
  return files;
}

describe('hostile text from the server', () => {
  for (const args of commands) {
    const name = ['orchestrator', ...args].join(' ');

    it.concurrent(`neither reaches the terminal nor breaks its lines: ${name}`, async ({ expect }) => {
      const { stdout } = await run(args, 'terminal', { NO_COLOR: '1' });
      const lines = stdout.replace(REDRAWING, '').replaceAll('\r\n', '\n').split('\n');

      expect(stdout).not.toBe('');
      for (const line of lines) expect(line).not.toMatch(CONTROL);
      const toPaste = lines.flatMap((line) => /(?:Next|Try): (orchestrator .*)$/.exec(line)?.[1] ?? []);
      expect(await filesAfterPasting(toPaste)).toEqual([]);
    });

    it.concurrent(`reaches programs exactly, and escaped: ${name}`, async ({ expect }) => {
      const ended = await run([...args, '--json'], 'pipes');
      const last = ended.stdout.trimEnd().split('\n').at(-1);
      const { next = [], data } = envelopeOf({ ...ended, stdout: `${last}\n` });
      const texts = stringsIn(data).filter((text) => text.includes('pwned'));

      expect(ended.stdout.replaceAll('\n', '')).not.toMatch(CONTROL);
      for (const text of texts) expect(text).toContain(HOSTILE);
      expect(await filesAfterPasting(next.map(({ command }) => command))).toEqual([]);
    });
  }

  it('leaves the columns of a list where they are', async () => {
    const { stdout } = await run(['project', 'list'], 'terminal', { NO_COLOR: '1' });
    const lines = stdout.replaceAll('\r\n', '\n').trimEnd().split('\n');
    const status = lines.find((line) => line.includes('STATUS'))?.indexOf('STATUS');
    const rows = lines.filter((line) => /draft|archived/.test(line));

    expect(rows).not.toEqual([]);
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(80);
    for (const row of rows) {
      expect(widthOf(row.slice(0, row.search(/draft|archived/)))).toBe(status);
    }
  });

  it('in a problem document is no exception', async () => {
    fake.intercept = ({ path }) => {
      const body = { type: HOSTILE, title: HOSTILE, status: 409, detail: HOSTILE, code: 'CONFLICT', retryable: false };
      const errors = [{ path: HOSTILE, message: HOSTILE }];
      return path === '/whoami' ? { status: 409, body: { ...body, errors, choices: [HOSTILE] } } : undefined;
    };
    const text = await run(['auth', 'status'], 'terminal', { NO_COLOR: '1' });
    const debugged = await run(['auth', 'status'], 'pipes', { ORCHESTRATOR_DEBUG: '1' });
    fake.intercept = undefined;

    expect(text.code).toBe(5);
    expect(debugged.stderr).toContain('    at ');
    expect(debugged.stderr.replaceAll('\n', '')).not.toMatch(CONTROL);
    for (const line of text.stdout.replaceAll('\r\n', '\n').split('\n')) expect(line).not.toMatch(CONTROL);
  });
});

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(stringsIn);
}
