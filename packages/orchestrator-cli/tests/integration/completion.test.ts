import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { freePort } from '../../../../tests/support/ports.js';
import { type FakeApi, TOKEN } from '../../../sdk/tests/support/fake-api.js';
import { type CommandId, commandTable } from '../../src/command-table.js';
import { describeCommand } from '../../src/help.js';
import { envelopeOf, type Machine, makeSystem } from '../support/run-cli.js';

const BIN = inject('cli');
const fixtures = join(import.meta.dirname, '../fixtures');
const shells = {
  bash: ['bash', '--norc', join(fixtures, 'bash-tab.bash')],
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
async function offered(shell: Shell, lines: readonly string[], env: Record<string, string> = {}): Promise<string[][]> {
  const [program, ...args] = shells[shell];
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

  it('stays silent, and lets nobody wait, where the API does not answer', async () => {
    const gone = { ORCHESTRATOR_API_URL: `http://127.0.0.1:${await freePort()}` };

    expect(await offered(shell, ['orchestrator project get '], gone)).toEqual([[]]);
    expect(await offered(shell, ['orchestrator task get '], { ORCHESTRATOR_TOKEN: '' })).toEqual([[]]);
  });
});

describe('completion', () => {
  it('knows every command with all of its flags', async () => {
    const ids = Object.keys(commandTable) as CommandId[];
    const helps = await Promise.all(ids.map(describeCommand));
    const lines = helps.map(({ command }) => `orchestrator ${command} --`);

    for (const [at, words] of (await offered('bash', lines)).entries()) {
      const flags = helps[at]?.flags.map(({ name }) => name) ?? [];
      expect(words.toSorted(), lines[at]).toEqual([...flags, '--help'].toSorted());
    }
  });

  it('gives up on an API that is slow, in about a second', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const env = { ORCHESTRATOR_API_URL: `http://127.0.0.1:${(silent.address() as AddressInfo).port}` };
    const startedMs = performance.now();
    const ended = await machine.run(['completion', '--values', 'project'], { env });
    silent.close();
    silent.closeAllConnections();

    expect(ended).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(performance.now() - startedMs).toBeLessThan(6000);
  });

  it('asks the API for nothing that may not be listed here; nor does a command that misses its project', async () => {
    const env = { ALLOWED_COMMANDS: 'completion,engineering.start' };
    const before = fake.seen.length;
    const values = await machine.run(['completion', '--values', 'project'], { env });
    const start = await machine.run(['engineering', 'start', '--spec', 'x', '--json'], { env });

    expect(values).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect([start.code, envelopeOf(start).error.code]).toEqual([2, 'INPUT_REQUIRED']);
    expect(fake.seen).toHaveLength(before);
  });

  it('leaves out names that a shell would read as more than a word', async () => {
    const [first] = fake.projects;
    fake.projects.push({ ...first, name: '$(touch pwned)' } as (typeof fake.projects)[0]);
    const { stdout } = await machine.run(['completion', '--values', 'project']);
    fake.projects.pop();

    expect(stdout).toBe('tea-blog\tdraft\ntodo-api\tdraft\n');
  });

  it('takes the shell from SHELL, and says which there are', async () => {
    const fish = await machine.run(['completion'], { env: { SHELL: '/usr/bin/fish' } });
    const unknown = await machine.run(['completion', '--json'], { env: { SHELL: '/bin/csh' } });

    expect(fish.stdout).toContain('for fish');
    expect(envelopeOf(unknown)).toMatchObject({ error: { code: 'INPUT_REQUIRED' }, choices: ['bash', 'zsh', 'fish'] });
  });
});
