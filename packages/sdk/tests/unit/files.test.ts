import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFile,
  chmod,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  FileError,
  listBelow,
  makeFolder,
  moveBelow,
  openLogBelow,
  parseFile,
  readFileBelow,
  readRegularFile,
  removeTree,
  writeFileBelow,
} from '@codegen/sdk/files';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';

const SECRET = 'kJ8-vault-key-3Fq';
const LIMITS = { mostBytes: 64 * 1024, timeoutMs: 10_000 };

let temp: Awaited<ReturnType<typeof tempFolder>>;
/** Where an agent writes. */
let root: string;
/** Outside of it. */
let secret: string;

beforeEach(async () => {
  temp = await tempFolder('files');
  root = join(temp.path, 'worker');
  secret = join(temp.path, 'secrets', 'master.key');
  await mkdir(join(root, 'repo'), { recursive: true });
  await mkdir(join(temp.path, 'secrets'));
  await writeFile(secret, SECRET);
});
afterEach(() => temp.remove());

const fifo = (path: string) => execFileSync('mkfifo', [path]);

async function refusal(reading: Promise<unknown>): Promise<FileError> {
  const startedMs = performance.now();
  const error = await reading.then(
    (value) => expect.fail(`it was not refused: ${value}`),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(FileError);
  expect(performance.now() - startedMs).toBeLessThan(5000);
  expect(`${(error as Error).stack} ${JSON.stringify(error)}`).not.toContain(SECRET.slice(0, 6));
  expect((error as Error).cause).toBeUndefined();
  return error as FileError;
}

describe('a file where somebody else writes', () => {
  it('is read as it is, in any folder of the root, and nothing where there is none', async () => {
    await mkdir(join(root, 'repo', 'deep', 'er'), { recursive: true });
    await writeFile(join(root, 'repo', 'deep', 'er', 'a.json'), Buffer.alloc(64 * 1024, 'x'));
    expect(await readFileBelow(root, 'repo/deep/er/a.json', LIMITS)).toEqual(Buffer.alloc(64 * 1024, 'x'));
    expect(await readFileBelow(root, 'repo/none/a.json', LIMITS)).toBeUndefined();
    expect(await readFileBelow(root, 'repo/none.json', LIMITS)).toBeUndefined();
    expect(await readFileBelow(join(root, 'gone'), 'a.json', LIMITS)).toBeUndefined();
    expect(await readRegularFile(join(root, 'none'), LIMITS)).toBeUndefined();
  });

  it('is nothing but a regular file: no link, pipe, folder, device or socket is read', async () => {
    const path = join(root, 'repo', 'package.json');
    const server = createServer();
    const kinds: Record<string, () => unknown> = {
      'a symbolic link': () => symlink(secret, path),
      'a named pipe': () => fifo(path),
      'a folder': () => mkdir(path),
      'a socket': () => new Promise<void>((resolve) => server.listen(path, resolve)),
    };
    for (const [kind, make] of Object.entries(kinds)) {
      await make();
      const { message, problem } = await refusal(readFileBelow(root, 'repo/package.json', LIMITS));
      expect(message).toBe(`repo/package.json is ${kind}, not a regular file: remove it or name another path`);
      expect(problem).toBe('not_a_file');
      expect((await refusal(readRegularFile(path, { ...LIMITS, name: 'package.json' }))).message).toContain(kind);
      await rm(path, { recursive: true });
    }
    server.close();
    expect((await refusal(readRegularFile('/dev/zero', LIMITS))).message).toContain('a device');
    await symlink('/dev/zero', path);
    expect((await refusal(readRegularFile(path, { ...LIMITS, links: 'follow' }))).message).toContain('a device');
  });

  it('is reached over no link below the root, while the root itself may be one', async () => {
    await symlink(join(temp.path, 'secrets'), join(root, 'repo', 'config'));
    const { message } = await refusal(readFileBelow(root, 'repo/config/master.key', LIMITS));
    expect(message).toBe('repo/config is a symbolic link, not a folder: remove it or name another path');
    await refusal(listBelow(root, 'repo/config'));
    await refusal(writeFileBelow(root, 'repo/config/x', 'mine'));
    await refusal(moveBelow(root, 'repo/config/master.key', 'repo/mine'));
    await symlink(root, join(temp.path, 'workers'));
    await writeFile(join(root, 'a'), 'fine');
    expect(String(await readFileBelow(join(temp.path, 'workers'), 'a', LIMITS))).toBe('fine');
    expect(await readdir(join(temp.path, 'secrets'))).toEqual(['master.key']);
  });

  it('is asked for by no path that leads out of the root', () => {
    for (const path of ['../secrets/master.key', 'repo/../../secrets/master.key', secret, 'a/..', '', '.', 'a\0b']) {
      expect(() => readFileBelow(root, path, LIMITS)).toThrow(TypeError);
    }
  });

  it('is refused beyond its limit: by its size, sparse or not, and by what is read where the size lies', async () => {
    const sparse = join(root, 'sparse');
    const handle = await open(sparse, 'w');
    await handle.truncate(10 * 1024 ** 3);
    await handle.close();
    expect((await refusal(readFileBelow(root, 'sparse', LIMITS))).message).toBe(
      'sparse is larger than 65536 bytes: make it smaller',
    );
    // No size at all, and yet content.
    expect((await readRegularFile('/proc/self/status', LIMITS))?.length).toBeGreaterThan(100);
    expect((await refusal(readRegularFile('/proc/self/status', { ...LIMITS, mostBytes: 100 }))).problem).toBe(
      'too_large',
    );
    await writeFile(join(root, 'empty'), '');
    expect(await readFileBelow(root, 'empty', { mostBytes: 0 })).toEqual(Buffer.alloc(0));
  });

  it('that grows while it is read comes to an end', async () => {
    const path = join(root, 'growing');
    await writeFile(path, '');
    const growing = { on: true };
    const writer = (async () => {
      while (growing.on) await appendFile(path, Buffer.alloc(256 * 1024, 'x'));
    })();
    await sleep(20);
    expect(
      (
        await refusal(
          readFileBelow(root, 'growing', { mostBytes: 4 * 1024 * 1024 }).then(async (bytes) => {
            // Read before it had grown so far: then it has to be refused soon.
            while (bytes) await readFileBelow(root, 'growing', { mostBytes: 4 * 1024 * 1024 });
          }),
        )
      ).problem,
    ).toBe('too_large');
    growing.on = false;
    await writer;
  });

  it('that cannot be read is said to be so, to root too', async () => {
    // Memory that is not there: the address 0.
    expect((await refusal(readFileBelow('/proc/self', 'mem', LIMITS))).message).toMatch(/^mem cannot be read \(EIO\)/);
  });

  it('that is a pipe takes no thread away: after many of them others are read', async () => {
    for (let i = 0; i < 12; i += 1) fifo(join(root, `pipe-${i}`));
    const reads = Array.from({ length: 12 }, (_, i) => refusal(readFileBelow(root, `pipe-${i}`, LIMITS)));
    const writes = Array.from({ length: 12 }, (_, i) => refusal(writeFileBelow(root, `pipe-${i}`, 'x')));
    await Promise.all([...reads, ...writes]);
    expect(String(await readRegularFile(secret, LIMITS))).toBe(SECRET);
  });

  it('that is exchanged for a link in every moment never gives what the link leads to', async () => {
    await mkdir(join(root, 'repo', 'a'));
    await writeFile(join(root, 'repo', 'a', 'master.key'), 'mine');
    await symlink(join(temp.path, 'secrets'), join(root, 'repo', 'b'));
    // A write makes the folder where it is just missing; that gives way again.
    const script = `const { renameSync: mv, rmSync: rm } = require('node:fs');
      for (;;) {
        try { mv('a', 'c'); mv('b', 'a'); mv('a', 'b'); mv('c', 'a'); }
        catch { rm('a', { recursive: true, force: true }); try { mv('c', 'a'); } catch {} }
      }`;
    const swapping = spawn(process.execPath, ['-e', script], { cwd: join(root, 'repo'), stdio: 'ignore' });
    await once(swapping, 'spawn');
    await sleep(100);
    try {
      const seen = new Set<string>();
      for (let i = 0; i < 400 || !seen.has('mine'); i += 1) {
        seen.add(String(await readFileBelow(root, 'repo/a/master.key', LIMITS).catch(() => 'refused')));
        await writeFileBelow(root, 'repo/a/new', 'x').catch(() => undefined);
        // The folder that is removed may be the one that had it.
        await writeFileBelow(root, 'repo/a/master.key', 'mine').catch(() => undefined);
      }
      expect([...seen]).not.toContain(SECRET);
      expect(await readdir(join(temp.path, 'secrets'))).toEqual(['master.key']);
      expect(await readFile(secret, 'utf8')).toBe(SECRET);
    } finally {
      swapping.kill('SIGKILL');
    }
  });
});

describe('a file that is written where somebody else writes', () => {
  it('is there as a whole, in folders that are made for it, and keeps the permissions of what was there', async () => {
    await writeFileBelow(root, 'repo/src/run.sh', 'one', { mode: 0o644 });
    await chmod(join(root, 'repo', 'src', 'run.sh'), 0o755);
    await writeFileBelow(root, 'repo/src/run.sh', 'two', { sync: true });
    expect(await readFile(join(root, 'repo', 'src', 'run.sh'), 'utf8')).toBe('two');
    expect((await stat(join(root, 'repo', 'src', 'run.sh'))).mode & 0o777).toBe(0o755);
    await writeFileBelow(root, 'worker.json', '{}');
    expect((await stat(join(root, 'worker.json'))).mode & 0o777).toBe(0o600);
    expect((await readdir(root)).sort()).toEqual(['repo', 'worker.json']);
  });

  it('takes the place of no link, pipe or folder, or of all but a folder where that is wanted', async () => {
    await symlink(secret, join(root, 'link'));
    fifo(join(root, 'pipe'));
    await mkdir(join(root, 'folder'));
    for (const name of ['link', 'pipe', 'folder']) await refusal(writeFileBelow(root, name, 'x'));
    for (const name of ['link', 'pipe']) {
      await writeFileBelow(root, name, 'x', { replaces: 'anything' });
      expect((await lstat(join(root, name))).isFile()).toBe(true);
    }
    await refusal(writeFileBelow(root, 'folder', 'x', { replaces: 'anything' }));
    await link(secret, join(root, 'twin'));
    await writeFileBelow(root, 'twin', 'x');
    expect(await readFile(secret, 'utf8')).toBe(SECRET);
    expect((await readdir(root)).some((name) => name.endsWith('.new'))).toBe(false);
  });

  it('as a log goes on at its end, and never on another file that was put in its place', async () => {
    const add = async (text: string) => {
      const log = await openLogBelow(root, 'wrapper.log');
      await log.writeFile(text);
      await log.close();
    };
    await add('one ');
    await add('two ');
    expect(await readFile(join(root, 'wrapper.log'), 'utf8')).toBe('one two ');
    for (const put of [symlink, link]) {
      await rm(join(root, 'wrapper.log'));
      await put(secret, join(root, 'wrapper.log'));
      await add('x');
      expect(await readFile(join(root, 'wrapper.log'), 'utf8')).toBe('x');
    }
    await rm(join(root, 'wrapper.log'));
    fifo(join(root, 'wrapper.log'));
    await add('x');
    expect(await readFile(secret, 'utf8')).toBe(SECRET);
  });

  it('is moved as what it is, into no folder that a link leads to', async () => {
    await writeFile(join(root, 'repo', 'a.json'), '1');
    await moveBelow(root, 'repo/a.json', 'answered/a.json');
    expect(await listBelow(root, 'answered')).toEqual(['a.json']);
    expect(await listBelow(root, 'none')).toEqual([]);
    await symlink(join(temp.path, 'secrets'), join(root, 'out'));
    await refusal(moveBelow(root, 'answered/a.json', 'out/master.key'));
    expect(await readFile(secret, 'utf8')).toBe(SECRET);
  });
});

describe('a tree that somebody else filled', () => {
  it('is removed whatever its depth and permissions, and nothing that its links lead to', async () => {
    // Longer than the longest path that a system call takes.
    const script = `cd '${root}' && for i in $(seq 40); do mkdir ${'d'.repeat(200)} && cd ${'d'.repeat(200)}; done`;
    execFileSync('bash', ['-c', script], { env: { ...process.env, PWD: '' } });
    await mkdir(join(root, 'closed', 'in'), { recursive: true });
    await symlink(join(temp.path, 'secrets'), join(root, 'closed', 'in', 'link'));
    await chmod(join(root, 'closed'), 0o000);
    await removeTree(root);
    await expect(lstat(root)).rejects.toThrow('ENOENT');
    expect(await readFile(secret, 'utf8')).toBe(SECRET);
    await removeTree(root);
    await symlink(join(temp.path, 'secrets'), root);
    await removeTree(root);
    expect(await readdir(join(temp.path, 'secrets'))).toEqual(['master.key']);
  });
});

describe('what a parser says of such a file', () => {
  it('keeps the place, and nothing of the text', () => {
    const json = [`${SECRET}`, `{"a": ${SECRET}}`, `{"a": 1,\n ${SECRET}`, `["${SECRET}"`, `"${SECRET}`];
    for (const text of json) {
      expect(() => parseFile('a.json', 'JSON', text, JSON.parse)).toThrow(/^a\.json is not JSON/);
      try {
        parseFile('a.json', 'JSON', text, JSON.parse);
      } catch (error) {
        expect(`${(error as Error).stack}`).not.toContain(SECRET.slice(0, 3));
      }
    }
    expect(() => parseFile('a.json', 'JSON', '{"a": 1,\n  2}', JSON.parse)).toThrow(
      'a.json is not JSON (line 2, column 3): correct or remove it',
    );
    const parse = (text: string) => {
      throw Object.assign(new Error(`${text} at position 7 in the middle`), { linePos: [{ line: 2, col: 4 }] });
    };
    expect(() => parseFile('.project.yml', 'YAML', SECRET, parse)).toThrow(
      '.project.yml is not YAML (line 2, column 4): correct or remove it',
    );
  });
});

it('a folder is made with those above it, and the call ends where none can be made', async () => {
  const deep = join(root, 'a', 'b', 'c');
  await Promise.all([makeFolder(deep), makeFolder(deep), makeFolder(join(deep, 'd'))]);
  await makeFolder(deep);
  expect((await stat(join(deep, 'd'))).mode & 0o777).toBe(0o700);
  await writeFile(join(root, 'file'), '');
  for (const path of [join(root, 'file'), join(root, 'file', 'x'), '/proc/x', '/proc/x/y/z']) {
    await expect(makeFolder(path), path).rejects.toMatchObject({ syscall: 'mkdir' });
  }
});
