import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { type FakeApi, startFakeApi, TOKEN } from '../../../sdk/tests/support/fake-api.js';
import { type Finished, quoted } from '../support/cli-process.js';
import { createTask } from '../support/create-task.js';
import { type Envelope, envelopeOf } from '../support/run-cli.js';

const bin = inject('cli');
let folder: string;
let remove: () => Promise<void>;
let fake: FakeApi;
const TASKS = 500;
const REASON = `${'so it is '.repeat(1100)}.`;

beforeAll(async () => {
  ({ path: folder, remove } = await tempFolder('codegen-output'));
  fake = await startFakeApi();
  const id = await createTask(fake);
  const task = fake.tasks.get(id) as NonNullable<ReturnType<typeof fake.tasks.get>>;
  for (let at = 1; at < TASKS; at += 1) fake.tasks.set(`${id}${at}`, { ...task, id: `${id}${at}` });
  for (const one of fake.tasks.values()) Object.assign(one, { reason: REASON });
});
afterAll(async () => {
  await fake.stop();
  await remove();
});

function environment(): Record<string, string> {
  return { PATH: process.env.PATH ?? '', HOME: folder, ORCHESTRATOR_API_URL: fake.url, ORCHESTRATOR_TOKEN: TOKEN };
}

/** Runs a command line in a pipe of the shell; the code is the command line's own. */
async function inPipe(args: readonly string[], rest: string): Promise<Finished> {
  const words = [process.execPath, bin, ...args].map(quoted).join(' ');
  const child = spawn('bash', ['-c', `${words} ${rest}; exit "\${PIPESTATUS[0]}"`], {
    cwd: folder,
    env: environment(),
  });
  const [stdout, stderr] = [[], []] as [Buffer[], Buffer[]];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  const code = await new Promise<number>((resolve) => child.on('close', (given) => resolve(given ?? -1)));
  return { code, stdout: Buffer.concat(stdout).toString('utf8'), stderr: Buffer.concat(stderr).toString('utf8') };
}

const LIST = ['task', 'list', '--limit', String(TASKS)];
const slowly = `| ${quoted(process.execPath)} ${quoted(join(import.meta.dirname, '../fixtures/slow-reader.mjs'))}`;

describe('five megabytes', () => {
  it('reach a slow reader behind a pipe whole, as one document', async () => {
    const ended = await inPipe([...LIST, '--json'], slowly);

    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout.length).toBeGreaterThan(5_000_000);
    const items = envelopeOf(ended).data.items as { id: string; reason: string }[];
    expect(items.map(({ id }) => id)).toEqual([...fake.tasks.keys()].reverse());
    expect(items.every(({ reason }) => reason === REASON)).toBe(true);
  });

  it('reach it whole as lines for people', async () => {
    const ended = await inPipe(LIST, slowly);

    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout.match(/so it is \.$/gm)).toHaveLength(TASKS);
  });
});

describe('a reader that goes away', () => {
  it('is no error, and no noise', async () => {
    for (const args of [LIST, [...LIST, '--json']]) {
      expect(await inPipe(args, '| head -c 10 >/dev/null')).toEqual({ code: 0, stdout: '', stderr: '' });
    }
  });

  it('leaves a failure its exit code', async () => {
    // The reader is gone before anything is written.
    const ended = await inPipe(['project', 'get', 'nope', '--json'], '| exec true');

    expect(ended).toEqual({ code: 3, stdout: '', stderr: '' });
  });
});

describe('a place that takes nothing', () => {
  it('fails the command, and standard error says why', async () => {
    for (const args of [
      ['project', 'list'],
      ['project', 'list', '--json'],
    ]) {
      const ended = await inPipe(args, '>/dev/full');

      expect(ended.code).toBe(1);
      expect(ended.stderr).toContain('standard output cannot be written (ENOSPC)');
      expect(ended.stderr.trimEnd().split('\n').at(-1)).toMatch(/^Try: \S/);
    }
  });

  it('is nothing to a command whose standard error is closed', async () => {
    const ended = await inPipe(['project', 'get', 'nope', '--json'], '2>/dev/full');

    expect(ended.code).toBe(3);
    expect((envelopeOf(ended) as Envelope).error.code).toBe('PROJECT_NOT_FOUND');
  });
});
