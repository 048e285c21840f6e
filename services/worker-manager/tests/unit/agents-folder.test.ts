import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Redis } from '@codegen/sdk/queue';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { deliverOutbox } from '../../src/answer-inputs.js';
import { processRuntime } from '../../src/runtimes/process.js';
import { writeWorkerFile } from '../../src/send-file.js';
import { WorkerRecords } from '../../src/worker-records.js';

const SECRET = 'kJ8+vault/key3Fq=';

let temp: Awaited<ReturnType<typeof tempFolder>>;
/** The folder of a worker, where its agent does as it likes. */
let folder: string;
let secret: string;
beforeEach(async () => {
  temp = await tempFolder('agents-folder');
  folder = join(temp.path, 'workers', 'w-1');
  secret = join(temp.path, 'master.key');
  await mkdir(join(folder, 'repo'), { recursive: true });
  await writeFile(secret, SECRET);
});
afterEach(() => temp.remove());

const runtime = () =>
  processRuntime({
    ...{ workersDir: join(temp.path, 'workers'), redisUrl: '' },
    ...{ wrapperCommand: [], environment: {}, terminateGraceMs: 1 },
  });
const fifo = (...path: string[]) => execFileSync('mkfifo', [join(folder, ...path)]);

describe('send_file', () => {
  it('onto pipes is refused at once, however many, and others are served after it', async () => {
    const pipes = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const name of pipes) fifo('repo', name);
    for (const name of pipes) {
      await expect(writeWorkerFile(runtime(), 'w-1', { path: `repo/${name}`, content: 'x' })).rejects.toThrow(
        `repo/${name} is a named pipe, not a regular file: remove it or name another path`,
      );
    }
    await writeWorkerFile(runtime(), 'w-1', { path: 'repo/fine', content: 'x' });
    expect(await readFile(join(folder, 'repo', 'fine'), 'utf8')).toBe('x');
  });
});

describe('the record of a worker', () => {
  it('that its agent made unusable keeps no manager from starting, and no other worker from being known', async () => {
    const workers = join(temp.path, 'workers');
    const put = async (id: string, make: (path: string) => unknown) => {
      await mkdir(join(workers, id), { recursive: true });
      await make(join(workers, id, 'worker.json'));
    };
    await put('w-fine', (path) => writeFile(path, '{"worker_id": "w-fine", "state": "lost"}'));
    await put('w-pipe', (path) => execFileSync('mkfifo', [path]));
    await put('w-link', (path) => symlink(secret, path));
    await put('w-text', (path) => writeFile(path, SECRET));
    await put('w-null', (path) => writeFile(path, 'null'));
    await put('w-other', (path) => writeFile(path, '{"worker_id": "w-fine"}'));
    await put('w-none', () => undefined);
    const records = await WorkerRecords.open(workers);
    expect(records.all().map(({ worker_id }) => worker_id)).toEqual(['w-fine']);
    expect([...records.unusable.keys()].sort()).toEqual(['w-link', 'w-null', 'w-other', 'w-pipe', 'w-text']);
    expect([...records.unusable.values()].join()).not.toContain(SECRET.slice(0, 3));
    await records.remove('w-link');
    expect(records.unusable.has('w-link')).toBe(false);
    expect(await readFile(secret, 'utf8')).toBe(SECRET);
  });

  it('is stored in the place of a pipe or a link', async () => {
    const records = await WorkerRecords.open(join(temp.path, 'workers'));
    const record = { worker_id: 'w-1', request_id: '1', state: 'lost', entry_id: '0-1' } as never;
    for (const make of [() => fifo('worker.json'), () => symlink(secret, join(folder, 'worker.json'))]) {
      await mkdir(folder, { recursive: true });
      await make();
      await records.put(record);
      expect(JSON.parse(await readFile(join(folder, 'worker.json'), 'utf8'))).toEqual(record);
      await records.remove('w-1');
    }
    expect(await readFile(secret, 'utf8')).toBe(SECRET);
  });
});

describe('the log of a worker', () => {
  it('is kept short, and not a file that was put in its place', async () => {
    await writeFile(join(folder, 'wrapper.log'), Buffer.alloc(6 * 1024 * 1024));
    await runtime().tidy('w-1');
    expect((await stat(join(folder, 'wrapper.log'))).size).toBe(0);
    const large = join(temp.path, 'large');
    await writeFile(large, Buffer.alloc(6 * 1024 * 1024));
    execFileSync('ln', ['-sf', large, join(folder, 'wrapper.log')]);
    await runtime().tidy('w-1');
    expect((await stat(large)).size).toBe(6 * 1024 * 1024);
  });
});

describe('what a dead worker left in its outbox', () => {
  const warnings: string[] = [];
  const log = (bindings: object) => void warnings.push(JSON.stringify(bindings));
  const logger = { debug: log, info: log, warn: log, error: log };
  // Nothing of it may come that far.
  const nowhere = {} as Redis;
  const worker = { worker_id: 'w-1', worker_type: 'developer', context: {} } as const;

  it('is left out where it is no result, read over no link, and quoted nowhere', async () => {
    await mkdir(join(folder, 'outbox'));
    fifo('outbox', 'a.json');
    await symlink(secret, join(folder, 'outbox', 'b.json'));
    await writeFile(join(folder, 'outbox', 'c.json'), SECRET);
    await writeFile(join(folder, 'outbox', 'd.json'), 'null');
    await writeFile(join(folder, 'outbox', 'e.json'), '{"output": {"request_id": 1}}');
    await deliverOutbox(nowhere, worker, { runtime: runtime(), logger });
    expect(warnings).toHaveLength(5);
    expect(warnings.join()).not.toContain(SECRET.slice(0, 3));
    expect(await readdir(folder)).toEqual(['repo']);
    await symlink(temp.path, join(folder, 'outbox'));
    await deliverOutbox(nowhere, worker, { runtime: runtime(), logger });
    expect(warnings).toHaveLength(6);
    expect((await readdir(temp.path)).sort()).toEqual(['master.key', 'workers']);
    await deliverOutbox(nowhere, worker, { runtime: runtime(), logger });
    expect(warnings).toHaveLength(6);
  });
});
