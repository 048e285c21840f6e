import { execFile, execFileSync } from 'node:child_process';
import { mkdir, open, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type FakeApi, TOKEN } from '../../../sdk/tests/support/fake-api.js';
import { quoted, startCli } from '../support/cli-process.js';
import { envelopeOf, type Machine, makeSystem } from '../support/run-cli.js';

const SECRET = 'kJ8+vault/key3Fq=';
const START = ['engineering', 'start', '--project', 'todo-api', '--dry-run', '--json', '--spec-file'];

const bin = inject('cli');
let fake: FakeApi;
let machine: Machine;
let stop: () => Promise<void>;
let secret: string;
let environment: Record<string, string>;
beforeAll(async () => {
  const system = await makeSystem();
  ({ fake, machine, stop } = system);
  const login = { ORCHESTRATOR_API_URL: fake.url, ORCHESTRATOR_TOKEN: TOKEN };
  environment = { PATH: process.env.PATH ?? '', HOME: machine.folder, ...login };
  secret = join(machine.folder, 'secret');
  await writeFile(secret, SECRET);
});
afterAll(() => stop());

const fifo = (path: string) => execFileSync('mkfifo', [path]);

/** Runs a command that must end by itself, soon, and quote nothing. */
async function failing(args: readonly string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
  const running = machine.start(args, { ...options, env: { ORCHESTRATOR_DEBUG: '1', ...options.env } });
  const late = setTimeout(() => running.child.kill('SIGKILL'), 15_000);
  const ended = await running.ended.finally(() => clearTimeout(late));
  expect(ended.stdout + ended.stderr).not.toContain(SECRET.slice(0, 3));
  return { ...ended, error: envelopeOf(ended).error };
}

describe('a folder of a stranger', () => {
  it('stops no command with what it has for .orchestrator.json, here or in a folder above', async () => {
    const sparse = async (path: string) => {
      const file = await open(path, 'w');
      await file.truncate(10 * 1024 ** 3);
      await file.close();
    };
    const server = createServer();
    const kinds: [string, (path: string) => unknown, string][] = [
      ['pipe', fifo, 'is a named pipe, not a regular file: remove it or name another path'],
      ['link', (path) => symlink(secret, path), 'is a symbolic link, not a regular file'],
      ['device', (path) => symlink('/dev/zero', path), 'is a symbolic link, not a regular file'],
      ['socket', (path) => new Promise((resolve) => server.listen(path, () => resolve(undefined))), 'is a socket'],
      ['folder', mkdir, 'is a folder, not a regular file'],
      ['sparse', sparse, 'is larger than 65536 bytes: make it smaller'],
      ['text', (path) => writeFile(path, SECRET), 'is not JSON: correct or remove it'],
      ['line', (path) => writeFile(path, `{"project": "a"\n${SECRET}`), 'is not JSON (line 2, column 1): correct'],
    ];
    const check = async ([name, make, message]: (typeof kinds)[number]) => {
      const above = join(machine.folder, name);
      await mkdir(join(above, 'deep', 'er'), { recursive: true });
      const file = join(above, '.orchestrator.json');
      await make(file);
      const { code, error } = await failing(['project', 'list', '--json'], { cwd: join(above, 'deep', 'er') });
      expect({ name, code, error }).toMatchObject({ name, code: 2, error: { code: 'USAGE' } });
      expect(error.message).toContain(`${file} ${message}`);
    };
    for (const half of [kinds.slice(0, 4), kinds.slice(4)]) await Promise.all(half.map(check));
    server.close();
  });
});

describe('the configuration', () => {
  it('that is a pipe ends a command, and one that is a link of the user is read', async () => {
    const ORCHESTRATOR_CONFIG_DIR = join(machine.folder, 'odd-config');
    await mkdir(ORCHESTRATOR_CONFIG_DIR);
    fifo(join(ORCHESTRATOR_CONFIG_DIR, 'config.json'));
    const { code, error } = await failing(['project', 'list', '--json'], { env: { ORCHESTRATOR_CONFIG_DIR } });
    expect(code).toBe(2);
    expect(error.message).toContain('config.json is a named pipe, not a regular file');
    const linked = join(machine.folder, 'linked-config');
    await mkdir(linked);
    await writeFile(join(machine.folder, 'mine.json'), '{"profiles": {}}', { mode: 0o600 });
    await symlink(join(machine.folder, 'mine.json'), join(linked, 'config.json'));
    const read = await machine.run(['project', 'list', '--json'], { env: { ORCHESTRATOR_CONFIG_DIR: linked } });
    expect(envelopeOf(read).ok).toBe(true);
  });
});

describe('a file that the user names', () => {
  it('may be a pipe: of the shell, of standard input, and one that is written to later', async () => {
    const later = join(machine.folder, 'later');
    fifo(later);
    const line = [process.execPath, bin, ...START].map(quoted).join(' ');
    await promisify(execFile)('bash', ['-c', `${line} <(printf 'from the shell')`], { env: environment });
    await machine.run([...START, '/dev/stdin'], { stdin: 'from standard input' });
    const running = machine.start([...START, later]);
    await sleep(1000);
    await writeFile(later, 'from a pipe');
    await running.ended;
    const sent = fake.seen.filter(({ path }) => path === '/tasks').map(({ body }) => (body as { spec: string }).spec);
    expect(sent).toEqual(['from the shell', 'from standard input', 'from a pipe']);
  });

  it('keeps nobody waiting where it is a pipe that nobody writes to, and does where somebody will', async () => {
    const [silent, slow] = ['nobody', 'slow'].map((name) => join(machine.folder, name)) as [string, string];
    for (const path of [silent, slow]) fifo(path);
    const before = fake.seen.length;
    const line = [process.execPath, bin, ...START, slow].map(quoted).join(' ');
    const [ended] = await Promise.all([
      machine.run([...START, silent]),
      promisify(execFile)(
        'bash',
        ['-c', `${line} & exec 9>${quoted(slow)}; sleep 6; echo late >&9; exec 9>&-; wait $!`],
        {
          env: environment,
        },
      ),
    ]);
    expect(envelopeOf(ended).error).toMatchObject({
      code: 'USAGE',
      message: `the file of --spec-file, ${silent}, cannot be read (nobody writes to it)`,
    });
    const sent = fake.seen.slice(before).filter(({ path }) => path === '/tasks');
    expect(sent.map(({ body }) => (body as { spec: string }).spec)).toEqual(['late\n']);
  });

  it('ends a command on a signal where it is a pipe that nobody writes to', async () => {
    const silent = join(machine.folder, 'silent');
    fifo(silent);
    const lines = [
      [...START, silent],
      ['contracts', 'validate', '--model', 'Project', silent, '--json'],
    ];
    await Promise.all(
      (['SIGTERM', 'SIGINT'] as const).map(async (signal, at) => {
        const running = await startCli(bin, lines[at] as string[], { env: environment, cwd: machine.folder });
        const kill = setTimeout(async () => process.kill(await running.pid(), 'SIGKILL'), 15_000);
        await sleep(1500);
        await running.interrupt(signal);
        const ended = await running.finished.finally(() => clearTimeout(kill));
        expect(ended).toMatchObject({ code: signal === 'SIGTERM' ? 143 : 130, stderr: '' });
      }),
    );
  });

  it('is read to a limit, where it has no end', async () => {
    const { error } = await failing([...START, '/dev/zero']);
    expect(error).toMatchObject({
      code: 'SPEC_TOO_LARGE',
      message: 'the file of --spec-file, /dev/zero, has over 4194304 bytes',
    });
    expect((await failing([...START, machine.folder])).error.message).toContain('cannot be read (EISDIR)');
    expect((await failing([...START, join(machine.folder, 'none')])).error.message).toContain(
      'cannot be read (ENOENT)',
    );
  });
});
