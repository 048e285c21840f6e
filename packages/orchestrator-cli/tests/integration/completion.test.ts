import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { freePort } from '../../../../tests/support/ports.js';
import { type FakeApi, TOKEN } from '../../../sdk/tests/support/fake-api.js';
import { envelopeOf, type Machine, makeSystem } from '../support/run-cli.js';

const BIN = inject('cli');
const fixtures = join(import.meta.dirname, '../fixtures');
const shells = {
  bash: ['zsh', '-f', join(fixtures, 'bash-tab.zsh')],
  zsh: ['zsh', '-f', join(fixtures, 'zsh-tab.zsh')],
  fish: ['fish', '--no-config', join(fixtures, 'fish-tab.fish')],
} as const;
type Shell = keyof typeof shells;
const names = Object.keys(shells) as Shell[];

let fake: FakeApi;
let machine: Machine;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ fake, machine, stop } = await makeSystem());
  const [first] = fake.projects;
  fake.projects.push({ ...first, name: 'tea-blog' } as (typeof fake.projects)[0]);
  await machine.run(['engineering', 'start', '--project', 'todo-api', '--spec', 'x']);
  await mkdir(join(machine.folder, 'bin'));
  await writeFile(join(machine.folder, 'bin', 'orchestrator'), `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n`);
  await chmod(join(machine.folder, 'bin', 'orchestrator'), 0o755);
  await writeFile(join(machine.folder, 'notes.md'), '');
  for (const shell of names) {
    const { stdout } = await machine.run(['completion', shell]);
    await writeFile(join(machine.folder, `script.${shell}`), stdout);
  }
});
afterAll(() => stop());

/** What a shell offers when Tab is pressed behind each line. */
function offered(shell: Shell, lines: readonly string[], env: Record<string, string> = {}): Promise<string[][]> {
  return pressed(shells[shell], shell, lines, env);
}

/** What a script of the fixtures prints of each line. */
async function pressed(
  [program, ...args]: readonly [string, ...string[]],
  shell: Shell,
  lines: readonly string[],
  env: Record<string, string> = {},
): Promise<string[][]> {
  const { stdout, stderr } = await promisify(execFile)(
    program,
    [...args, join(machine.folder, `script.${shell}`), ...lines],
    {
      cwd: machine.folder,
      timeout: 50_000,
      env: {
        PATH: `${join(machine.folder, 'bin')}:${process.env.PATH}`,
        HOME: machine.folder,
        TERM: 'xterm',
        ORCHESTRATOR_CONFIG_DIR: machine.configFolder,
        ORCHESTRATOR_API_URL: fake.url,
        ORCHESTRATOR_TOKEN: TOKEN,
        ...env,
      },
    },
  );
  expect(stderr).toBe('');
  const answers = stdout.replaceAll('\r', '').split('\x1e').slice(0, -1);
  return answers.map((text) => text.split('\n').filter((word) => word !== ''));
}

describe.each(names)('in %s, Tab', (shell) => {
  it('offers topics, commands, flags and their values', async () => {
    const [topics, commands, flags, values, parts, models, files, behind] = await offered(shell, [
      'orchestrator pro',
      'orchestrator --profile x project ',
      'orchestrator project list --st',
      'orchestrator project list --status a',
      'orchestrator help ta',
      'orchestrator contracts schema Whoa',
      'orchestrator engineering start --spec-file no',
      'orchestrator task list --status failed --ty',
    ]);

    expect(topics).toEqual(['project']);
    expect(commands).toEqual(expect.arrayContaining(['create', 'list', 'get']));
    expect(commands).not.toContain('start');
    expect(flags).toEqual(['--status']);
    expect(values).toEqual(expect.arrayContaining(['active', 'archived']));
    expect(values).not.toContain('draft');
    expect(parts).toEqual(['task']);
    expect(models).toEqual(['Whoami']);
    expect(files).toEqual(['notes.md']);
    expect(behind).toEqual(['--type']);
  });

  it('offers a value behind the equals sign, and none for a flag that may stand alone', async () => {
    const [equals, alone] = await offered(shell, [
      'orchestrator task list --type=dep',
      'orchestrator engineering start --wait --spec-f',
    ]);

    expect(equals?.map((word) => word.replace('--type=', ''))).toEqual(['deploy']);
    expect(alone).toEqual(['--spec-file']);
  });

  it('offers the projects and tasks that there are', async () => {
    const [projects, argument, tasks] = await offered(shell, [
      'orchestrator engineering start --project t',
      'orchestrator project get tea',
      'orchestrator task get ',
    ]);

    expect(projects?.sort()).toEqual(['tea-blog', 'todo-api']);
    expect(argument).toEqual(['tea-blog']);
    expect(tasks).toEqual([fake.onlyTask()]);
  });

  it('takes an odd name as one word, of which nothing is run', async () => {
    const [first] = fake.projects;
    const odd = [`odd $(touch pwned) "x'y;z`, 'My Project', 'ab:c=d'];
    const added = odd.map((name) => ({ ...first, name }) as (typeof fake.projects)[0]);
    fake.projects.push(...added);
    const env = { XDG_CACHE_HOME: join(machine.folder, `odd-${shell}`) };
    const taken = await pressed(
      ['zsh', '-f', join(fixtures, 'press-tab.zsh'), shell],
      shell,
      ['show project get od', 'show project get "My', 'show project get ab:', 'show project get --project=ab:c'],
      env,
    );
    for (const _ of added) fake.projects.pop();

    expect(taken).toEqual([
      ['project', 'get', odd[0]],
      ['project', 'get', 'My Project'],
      ['project', 'get', 'ab:c=d'],
      ['project', 'get', '--project=ab:c=d'],
    ]);
    expect(await readdir(machine.folder)).not.toContain('pwned');
  });

  it('stays silent, and lets nobody wait, where the API does not answer', async () => {
    const gone = { ORCHESTRATOR_API_URL: `http://127.0.0.1:${await freePort()}` };

    expect(await offered(shell, ['orchestrator project get '], gone)).toEqual([[]]);
    expect(await offered(shell, ['orchestrator task get '], { ORCHESTRATOR_TOKEN: '' })).toEqual([[]]);
  });
});

/** What a script is told at Tab. */
async function told(line: string, env: Record<string, string> = {}): Promise<string[]> {
  const { code, stdout, stderr } = await machine.run(['completion', 'zsh', '--complete'], { stdin: line, env });
  expect([code, stderr]).toEqual([0, '']);
  return stdout.split('\n').flatMap((one) => one.split('\t')[0] || []);
}

describe('completion of names and ids', () => {
  it('gives up on an API that is slow, in about a second, and asks it again some seconds later only', async () => {
    let asked = 0;
    const silent = createServer(() => {
      asked += 1;
    }).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const env = { ORCHESTRATOR_API_URL: `http://127.0.0.1:${(silent.address() as AddressInfo).port}` };
    const startedMs = performance.now();
    expect(await told('orchestrator project get ', env)).toEqual([]);
    expect(performance.now() - startedMs).toBeLessThan(6000);
    expect(await told('orchestrator project get ', env)).toEqual([]);
    silent.close();
    silent.closeAllConnections();

    expect(asked).toBe(1);
  });

  it('is silent where the token is refused, the configuration is broken, or nobody is logged in', async () => {
    const broken = join(machine.folder, 'broken');
    await mkdir(broken);
    await writeFile(join(broken, 'config.json'), '[');

    expect(await told('orchestrator task get ', { ORCHESTRATOR_TOKEN: TOKEN.replace('0000', '1111') })).toEqual([]);
    expect(await told('orchestrator task get ', { ORCHESTRATOR_CONFIG_DIR: broken })).toEqual([]);
    expect(await told('orchestrator task get ', { ORCHESTRATOR_API_URL: '', ORCHESTRATOR_TOKEN: '' })).toEqual([]);
    expect(await told('orchestrator --profile nobody task get ')).not.toContain('nobody');
  });

  it('asks the API for nothing that may not be listed here; nor does a command that misses its project', async () => {
    const env = { ALLOWED_COMMANDS: 'completion,engineering.start' };
    const before = fake.seen.length;
    const values = await told('orchestrator engineering start --project ', env);
    const start = await machine.run(['engineering', 'start', '--spec', 'x', '--json'], { env });

    expect(values).toEqual([]);
    expect([start.code, envelopeOf(start).error.code]).toEqual([2, 'INPUT_REQUIRED']);
    expect(fake.seen).toHaveLength(before);
  });

  it('remembers an answer for seconds, of one login, in a file of the user that holds no secret', async () => {
    const caches = join(machine.folder, 'caches');
    const file = join(caches, 'orchestrator/completion/project.json');
    const asked = async (env: Record<string, string> = {}) => {
      const before = fake.seen.length;
      expect(await told('orchestrator project get to', { XDG_CACHE_HOME: caches, ...env })).toEqual(['todo-api']);
      return fake.seen.length - before;
    };
    const umask = process.umask(0);

    expect(await asked()).toBe(1);
    process.umask(umask);
    // The one before may have taken longer than the seconds, on a busy machine.
    const now = new Date();
    await utimes(file, now, now);
    expect(await asked()).toBe(0);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).not.toMatch(/cgk_|sEcReT/);
    expect(await asked({ ORCHESTRATOR_TOKEN: fake.makeToken(['*']) })).toBe(1);
    await utimes(file, 0, 0);
    expect(await asked()).toBe(1);
    await writeFile(file, 'no JSON');
    expect(await asked()).toBe(1);
  });

  it('knows keys and queues too', async () => {
    expect(await told('orchestrator auth key revoke ')).toEqual(fake.keys.map(({ id }) => id).reverse());
    expect(await told('orchestrator queue stats eng')).toEqual(['engineering:queue']);
  });
});

describe('completion', () => {
  it('prints scripts that hold no grammar', async () => {
    for (const shell of names) {
      const { stdout } = await machine.run(['completion', shell]);

      expect(stdout.split('\n').length).toBeLessThan(35);
      expect(stdout).not.toContain('engineering');
    }
  });

  it('takes the shell from SHELL, and says which there are', async () => {
    const fish = await machine.run(['completion'], { env: { SHELL: '/usr/bin/fish' } });
    const unknown = await machine.run(['completion', '--json'], { env: { SHELL: '/bin/csh' } });

    expect(fish.stdout).toContain('for fish');
    expect(envelopeOf(unknown)).toMatchObject({ error: { code: 'INPUT_REQUIRED' }, choices: ['bash', 'zsh', 'fish'] });
  });
});
