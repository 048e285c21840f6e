import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstat, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { projectTestsCommand } from '../../src/index.js';
import { Outbox, type TurnRecord } from '../../src/outbox.js';
import { openRespondSocket } from '../../src/respond-socket.js';

const SECRET = 'kJ8+vault/key3Fq=';

let temp: Awaited<ReturnType<typeof tempFolder>>;
let folder: string;
let secret: string;
beforeEach(async () => {
  temp = await tempFolder('agents-files');
  folder = join(temp.path, 'worker');
  secret = join(temp.path, 'master.key');
  await mkdir(folder);
  await writeFile(secret, SECRET);
});
afterEach(() => temp.remove());

describe('results on disk', () => {
  const name = `${createHash('sha256').update('turn-1').digest('hex').slice(0, 32)}.json`;
  const turn = { request_id: 'turn-1', worker_id: 'w-1' };
  const record = { output: turn, lifecycle: turn } as unknown as TurnRecord;

  it('are found and stored despite any file of the agent in their folder', async () => {
    const warnings: string[] = [];
    const log = (bindings: object) => void warnings.push(JSON.stringify(bindings));
    const outbox = new Outbox({
      workerDir: folder,
      workerId: 'w-1',
      workerType: 'developer',
      redis: {} as never,
      logger: { debug: log, info: log, warn: log, error: log },
      signal: new AbortController().signal,
    });
    const path = join(folder, 'outbox', name);
    await mkdir(join(folder, 'outbox'));
    const kinds = [
      () => execFileSync('mkfifo', [path]),
      () => symlink(secret, path),
      () => symlink('/dev/zero', path),
      () => writeFile(path, SECRET),
      () => writeFile(path, 'null'),
      () => writeFile(path, JSON.stringify({ output: { ...turn, request_id: 'of-another' }, lifecycle: turn })),
      () => writeFile(path, JSON.stringify({ output: turn, lifecycle: { ...turn, worker_id: 'w-2' } })),
    ];
    for (const make of kinds) {
      await make();
      expect(await outbox.find('turn-1')).toBeUndefined();
      await outbox.keep('turn-1', record);
      expect((await lstat(path)).isFile()).toBe(true);
      expect(await outbox.find('turn-1')).toEqual(record);
      execFileSync('rm', [path]);
    }
    expect(warnings).toHaveLength(kinds.length);
    expect(warnings.join()).not.toContain(SECRET.slice(0, 3));
    expect(await readFile(secret, 'utf8')).toBe(SECRET);
  });
});

describe('the respond socket', () => {
  it('is closed at the end of a turn despite any file in its folder, so that the turn keeps its result', async () => {
    const socket = await openRespondSocket({ folder, requestId: 'turn-1', deliver: async () => 'user' });
    const script = `cd '${join(folder, 'run')}' && mkdir -p closed/in && chmod 000 closed && ln -s '${temp.path}' link`;
    execFileSync('bash', ['-c', script]);
    const deep = `cd '${join(folder, 'run')}' && for i in $(seq 30); do mkdir ${'d'.repeat(200)} && cd ${'d'.repeat(200)}; done`;
    execFileSync('bash', ['-c', deep]);
    await socket.close();
    await expect(lstat(join(folder, 'run'))).rejects.toThrow('ENOENT');
    expect(await readFile(secret, 'utf8')).toBe(SECRET);
  });
});

describe('project-tests', () => {
  // The sources run from src here; what a worker starts is the built file.
  const [program, ...args] = projectTestsCommand().map((part) => part.replace('/src/', '/dist/')) as [string, string];
  const run = promisify(execFile);

  it('reads no project file that is a link or a pipe, and quotes none', async () => {
    const manifest = JSON.stringify({ test: ['true'], start: ['true'] });
    const packages = JSON.stringify({ dependencies: { a: 'file:./a' } });
    const link = (path: string) => symlink(secret, path);
    const pipe = (path: string) => execFileSync('mkfifo', [path]);
    const cases = [
      ['.project.yml', 'a symbolic link', link, {}],
      ['.project.yml', 'a named pipe', pipe, {}],
      ['package.json', 'a symbolic link', link, { '.project.yml': manifest }],
      ['package-lock.json', 'a symbolic link', link, { '.project.yml': manifest, 'package.json': packages }],
      // npm quotes lines of it that it does not know.
      ['.npmrc', 'a symbolic link', link, { '.project.yml': manifest }],
    ] as const;
    const check = async ([name, kind, make, files]: (typeof cases)[number]) => {
      const project = join(folder, `${name}-${kind}`);
      await mkdir(project);
      for (const [file, text] of Object.entries(files)) await writeFile(join(project, file), text);
      await make(join(project, name));
      const failed = await run(program, args, { cwd: project, timeout: 15_000 }).then(
        () => expect.fail('the tests ran'),
        (error: { stdout: string; stderr: string }) => error,
      );
      expect(failed.stdout).toContain(`${name} is ${kind}, not a regular file`);
      expect(failed.stdout + failed.stderr).not.toContain(SECRET.slice(0, 3));
    };
    await Promise.all(cases.map(check));
  });
});
