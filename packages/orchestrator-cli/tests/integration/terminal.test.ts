import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Project } from '@codegen/contracts';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { type FakeApi, startFakeApi, TOKEN } from '../../../sdk/tests/support/fake-api.js';
import { createTask } from '../support/create-task.js';
import { envelopeOf, type Machine, makeMachine } from '../support/run-cli.js';

const BIN = inject('cli');

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

const login = () => ({ ORCHESTRATOR_API_URL: fake.url, ORCHESTRATOR_TOKEN: TOKEN });

/** Runs a command line in a terminal of its own, which util-linux's `script` provides. */
function inTerminal(args: string, env: Record<string, string> = {}, columns = 80) {
  const line = `stty cols ${columns}; "${process.execPath}" "${BIN}" ${args}`;
  const child = spawn('script', ['-qec', line, '/dev/null'], {
    env: {
      PATH: process.env.PATH,
      HOME: machine.folder,
      ORCHESTRATOR_CONFIG_DIR: machine.configFolder,
      TERM: 'xterm',
      ...env,
    },
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const screen = () => Buffer.concat(chunks).toString('utf8');
  return {
    screen,
    shows: (text: string) => waitFor(`${JSON.stringify(text)} on the screen`, () => screen().includes(text)),
    type: (text: string) => child.stdin.write(text),
    exit: once(child, 'exit').then(([code]) => code as number),
  };
}

describe('in a terminal of 60 columns', () => {
  it.each([60, 80])(
    'lists fit into %i columns, and what is pasted stays whole',
    async (columns) => {
      const project = {
        ...(fake.projects[0] as Project),
        name: `shop-${'x'.repeat(33)}`,
        description: 'tea '.repeat(60),
      };
      fake.projects.push({ ...project, id: `proj_${'0'.repeat(36)}`, main_sha: 'abcdef12'.repeat(5) });
      const task = await createTask(fake);
      const profile = ['--profile', 'a-profile', '--api-url', fake.url];
      await machine.run(['auth', 'login', ...profile, '--token-stdin'], { stdin: TOKEN });
      const url = `https://${'long-'.repeat(5)}host.example.com:18000`;
      fake.deployments.push({
        ...{ id: 'dep_1', request_id: 'req_1', task_id: null, project_id: project.id, project_name: project.name },
        ...{ server_handle: 'a-server-with-a-name', service: 'backend', port: 18_000, url },
        ...{ commit_sha: 'abcdef12'.repeat(5), deployed_at: project.created_at },
      });
      const lists: [string, string[]][] = [
        ['project list', [project.name]],
        ['task list', [task]],
        ['project tasks todo-api', [task]],
        ['task list --fields id,project_id,status,type', [task, fake.projects[0]?.id as string]],
        ['deploy list', [project.name, url]],
        ['auth key list', [fake.keys[0]?.id as string]],
        ['secret list --project todo-api', []],
        ['config list', [fake.url]],
        ['config profiles', ['a-profile']],
        ['contracts list', ['engineering:queue']],
        ['auth status', [fake.url]],
        [`task get ${task}`, [task]],
        ['', []],
      ];
      for (const [args, kept] of lists) {
        const terminal = inTerminal(args, login(), columns);
        expect(await terminal.exit, args).toBe(0);
        const text = stripVTControlCharacters(terminal.screen());
        for (const line of text.split('\r\n')) {
          const isOneWord = /^\s*\S+(?: {1,2}\S+)?$/.test(line.trimEnd());
          if (!isOneWord && !/^(?:Next:|Help:|Yours)/.test(line))
            expect(line.length, `${args}: ${line}`).toBeLessThanOrEqual(columns);
        }
        for (const whole of kept) expect(text, args).toContain(whole);
      }
    },
    60_000,
  );
});

describe('in a terminal', () => {
  it('login asks for what is missing and never shows the token', async () => {
    const terminal = inTerminal('auth login');
    await terminal.shows('Address of the API:');
    terminal.type(`${fake.url}\r`);
    await terminal.shows('Token:');
    terminal.type(`${TOKEN}\r`);

    expect(await terminal.exit).toBe(0);
    expect(terminal.screen()).toContain('Logged in');
    expect(terminal.screen()).not.toContain('sEcReT');
    expect(envelopeOf(await machine.run(['auth', 'status', '--json'])).data).toMatchObject({ user: { name: 'Ada' } });
  });

  it('a project is picked among all that are open, by a part of its name', async () => {
    const [first] = fake.projects;
    const make = (name: string, status: 'draft' | 'archived' = 'draft') => ({
      ...first,
      id: `proj_${name}`,
      name,
      status,
    });
    const names = Array.from({ length: 60 }, (_, n) => `shop-${n}`);
    fake.projects.splice(
      0,
      1,
      ...([make('harbour'), make('sunk', 'archived'), ...names.map((name) => make(name))] as Project[]),
    );
    const terminal = inTerminal('project tasks', { ORCHESTRATOR_API_URL: fake.url, ORCHESTRATOR_TOKEN: TOKEN });
    await terminal.shows('… and 41 more: type a part of the name');
    terminal.type('sunk\r');
    await terminal.shows('nothing there has sunk in its name');
    terminal.type('p-4\r');
    await terminal.shows('  1  shop-49');
    terminal.type('arb\r');

    expect(await terminal.exit).toBe(0);
    expect(fake.seen.at(-1)?.query.get('project')).toBe('harbour');
    expect(terminal.screen()).not.toContain('  sunk');
  });

  it('a wait is a live view, and Ctrl-C lets go of it and gives the cursor back', async () => {
    const env = { ORCHESTRATOR_API_URL: fake.url, ORCHESTRATOR_TOKEN: TOKEN };
    const terminal = inTerminal('engineering start --project todo-api --spec Lists --wait', env);
    await waitFor('the task', () => fake.tasks.size === 1);
    fake.emit(fake.onlyTask(), { current_step: 'develop', message: 'round 1: writing tests' });
    await terminal.shows('round 1: writing tests');
    terminal.type('\u0003');

    expect(await terminal.exit).toBe(130);
    expect(terminal.screen()).toContain(`orchestrator engineering wait ${fake.onlyTask()}`);
    expect(terminal.screen().lastIndexOf('\u001b[?25h')).toBeGreaterThan(terminal.screen().lastIndexOf('\u001b[?25l'));
  });

  it('Ctrl-Z gives the cursor back to the shell, and fg draws on', async () => {
    const id = await createTask(fake);
    const child = spawn('script', ['-qec', 'bash --norc -i', '/dev/null'], {
      env: { PATH: process.env.PATH, HOME: machine.folder, TERM: 'xterm', ...login() },
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    const screen = () => Buffer.concat(chunks).toString('utf8');
    const isHidden = () => screen().lastIndexOf('\u001b[?25l') > screen().lastIndexOf('\u001b[?25h');
    child.stdin.write(`"${process.execPath}" "${BIN}" engineering wait ${id}\r`);
    await waitFor('the live view', isHidden);
    await waitFor('its first poll', () => fake.seen.some(({ path }) => path.endsWith('/events')));
    child.stdin.write('\u001a');
    await waitFor('the shell', () => screen().includes('Stopped'));
    expect(isHidden()).toBe(false);
    child.stdin.write('fg\r');
    await waitFor('the live view', isHidden);
    fake.end(id, 'completed');
    await waitFor('the end', () => !isHidden());
    child.stdin.write('exit\r');
    await once(child, 'exit');
  });

  it('that is closed, a command ends of SIGHUP, without a core dump', async () => {
    const id = await createTask(fake);
    const file = join(machine.folder, 'status');
    const run = `"${process.execPath}" "${BIN}" engineering wait ${id}`;
    // As a shell does, whose terminal is closed.
    const line = `trap 'kill -HUP $job' HUP; ${run} & job=$!; wait $job; wait $job; echo $? >"${file}"`;
    const child = spawn('script', ['-qec', line, '/dev/null'], {
      env: { SHELL: '/bin/bash', PATH: process.env.PATH, HOME: machine.folder, TERM: 'xterm', ...login() },
    });
    await waitFor('its first poll', () => fake.seen.some(({ path }) => path.endsWith('/events')));
    child.kill('SIGKILL');

    expect(await waitFor('its end', () => readFile(file, 'utf8'))).toBe('129\n');
  });

  it('what cannot be undone is asked for, and only a yes does it', async () => {
    const env = { ORCHESTRATOR_API_URL: fake.url, ORCHESTRATOR_TOKEN: TOKEN };
    const question = 'Archive todo-api? It cannot be brought back. [y/N]';
    const no = inTerminal('project archive todo-api', env);
    await no.shows(question);
    no.type('\r');
    const yes = inTerminal('project archive todo-api', env);
    await yes.shows(question);
    expect(await no.exit).toBe(130);
    expect(fake.projects[0]?.status).toBe('draft');
    yes.type('y\r');

    expect(await yes.exit).toBe(0);
    expect(no.screen()).toContain('nothing was changed');
    expect(fake.projects[0]?.status).toBe('archived');
  });

  it('nothing is asked with --no-input or CI', async () => {
    for (const [args, env] of [
      ['auth login --no-input', {}],
      ['auth login', { CI: 'true' }],
      ['auth login', { ORCHESTRATOR_NO_INPUT: '1' }],
    ] as const) {
      const terminal = inTerminal(args, env);

      expect(await terminal.exit).toBe(2);
      expect(terminal.screen()).toContain('--api-url is needed');
    }
  });

  it('who is to give a document is told so, and nothing waits in silence', async () => {
    const none = inTerminal('contracts validate --model Whoami');
    const lines = inTerminal('contracts validate --lines');
    const typed = inTerminal('contracts validate --lines -');
    await typed.shows('Type lines {"model":…,"json":…}, then Ctrl-D');
    typed.type('{"model":"Whoami","json":[]}\r');
    await typed.shows('{"ok":false,');
    typed.type('\u0004');

    expect(await none.exit).toBe(2);
    expect(none.screen()).toContain('FILE is needed: one Whoami as JSON, in a file or on standard input (-)');
    expect(await lines.exit).toBe(2);
    expect(await typed.exit).toBe(0);
  });
});
