import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, inject, it } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { type FakeApi, startFakeApi, TOKEN } from '../../../sdk/tests/support/fake-api.js';
import { type Finished, quoted, startCli } from '../support/cli-process.js';
import { createTask } from '../support/create-task.js';
import { envelopeOf } from '../support/run-cli.js';

const CODES = { SIGINT: 130, SIGTERM: 143 } as const;
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

const bin = inject('cli');
let folder: string;
let remove: () => Promise<void>;
let fake: FakeApi;
beforeAll(async () => {
  ({ path: folder, remove } = await tempFolder('codegen-signals'));
  fake = await startFakeApi();
  // Nothing is answered in time.
  fake.intercept = ({ path }) => (path === '/projects' ? { afterMs: 60_000 } : undefined);
});
afterAll(async () => {
  await fake.stop();
  await remove();
});

function start(args: readonly string[], env: Record<string, string> = {}) {
  const login = { ORCHESTRATOR_API_URL: fake.url, ORCHESTRATOR_TOKEN: TOKEN };
  return startCli(bin, args, { env: { PATH: process.env.PATH ?? '', HOME: folder, ...login, ...env }, cwd: folder });
}

describe('a signal while the command line starts', () => {
  const hook = join(import.meta.dirname, '../fixtures/signal-at.cjs');

  for (const signal of SIGNALS) {
    for (const at of [0, 1, 2, 3, 4, 6, 8]) {
      it.concurrent(`leaves one document: ${signal} when it listens and has read ${at} more files`, async ({
        expect,
      }) => {
        const env = { NODE_OPTIONS: `--require=${hook}`, SIGNAL: signal, AT: String(at) };
        const running = await start(['project', 'list', '--json'], env);
        // Where fewer files are read than that, it waits for the API by then.
        const late = setTimeout(() => void running.interrupt(signal), 10_000);
        const finished = await running.finished.finally(() => clearTimeout(late));

        expect(finished).toMatchObject({ code: CODES[signal], stderr: '' });
        expect(envelopeOf(finished).error.exit_code).toBe(CODES[signal]);
      });
    }

    for (const delayMs of [0, 5, 20, 50, 100, 200]) {
      it.concurrent(`ends it with the right code: ${signal} after ${delayMs} ms`, async ({ expect }) => {
        const running = await start(['project', 'list', '--json']);
        await sleep(delayMs);
        await running.interrupt(signal);
        const finished = await running.finished;

        expect(finished).toMatchObject({ code: CODES[signal], stderr: '' });
        // Before Node runs its first line it cannot answer: nothing is written then.
        if (finished.stdout !== '') expect(envelopeOf(finished).error.exit_code).toBe(CODES[signal]);
      });
    }

    it.concurrent(`leaves an answer that is on its way whole: ${signal} and --version`, async ({ expect }) => {
      const env = { NODE_OPTIONS: `--require=${hook}`, SIGNAL: signal, AT: '0' };
      const finished = await (await start(['--version', '--json'], env)).finished;
      const envelope = envelopeOf(finished);

      expect(finished.code).toBe(envelope.ok ? 0 : CODES[signal]);
    });
  }
});

describe('a signal while it works', () => {
  it.concurrent('a second one ends it at once', async ({ expect }) => {
    const id = await createTask(fake);
    const running = await start(['task', 'watch', id]);
    await waitFor('the watch', () => fake.seen.some(({ path }) => path === `/tasks/${id}/events`));
    await running.interrupt('SIGINT');
    await running.interrupt('SIGINT');

    expect((await running.finished).code).toBe(130);
  });

  it.concurrent('goes on where it was ignored at the start, as by nohup or in the background of a script', async ({
    expect,
  }) => {
    const api = await startFakeApi();
    const id = await createTask(api);
    const env = { PATH: process.env.PATH ?? '', HOME: folder };
    const login = { ORCHESTRATOR_API_URL: api.url, ORCHESTRATOR_TOKEN: TOKEN };
    const runs = [bin, join(import.meta.dirname, '../../../../bin/orchestrator')].map((program) => {
      const line = `trap '' HUP INT; exec ${quoted(program)} engineering wait ${id}`;
      return spawn('sh', ['-c', line], { env: { ...env, ...login }, cwd: folder, stdio: 'ignore' });
    });
    const polls = () => api.seen.filter(({ path }) => path === `/tasks/${id}/events`).length;
    await waitFor('both to wait', () => polls() >= runs.length);
    for (const signal of ['SIGHUP', 'SIGINT'] as const) for (const run of runs) run.kill(signal);
    const ends = Promise.all(runs.map((run) => once(run, 'close')));
    await sleep(300);
    api.end(id, 'completed');

    expect(await ends).toEqual([
      [0, null],
      [0, null],
    ]);
    await api.stop();
  });

  it.concurrent('leaves a document that is being written whole', async ({ expect }) => {
    const api = await startFakeApi();
    const id = await createTask(api);
    const task = api.tasks.get(id);
    const items = Array.from({ length: 500 }, (_, at) => ({ ...task, id: `${id}${at}`, reason: 'x'.repeat(5000) }));
    api.intercept = () => ({ body: { items, next_cursor: null } });
    const env = {
      PATH: process.env.PATH ?? '',
      HOME: folder,
      ORCHESTRATOR_API_URL: api.url,
      ORCHESTRATOR_TOKEN: TOKEN,
    };
    const child = spawn(process.execPath, [bin, 'task', 'list', '--limit', '500', '--json'], { env, cwd: folder });
    const chunks: Buffer[] = [];
    await once(child.stdout, 'readable');
    child.kill('SIGTERM');
    await sleep(800);
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    const [code] = (await once(child, 'close')) as [number];
    await api.stop();
    const finished: Finished = { code, stdout: Buffer.concat(chunks).toString('utf8'), stderr: '' };

    expect(code).toBe(0);
    expect(envelopeOf(finished).data.items).toHaveLength(500);
  });

  it.concurrent('finds no secret in the arguments of any process of it', async ({ expect }) => {
    const id = await createTask(fake);
    const running = await start(['task', 'watch', id]);
    await waitFor('the watch', () => fake.seen.some(({ path }) => path === `/tasks/${id}/events`));
    const pid = await running.pid();
    const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim();
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    await running.interrupt('SIGINT');
    await running.finished;

    expect(children).toBe('');
    expect(line).toContain('watch');
    expect(line).not.toContain('sEcReT');
  });
});
