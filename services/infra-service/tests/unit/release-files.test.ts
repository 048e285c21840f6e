import { execFileSync } from 'node:child_process';
import { lstat, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { DeployFailure } from '../../src/executors/executor.js';
import { readManifest } from '../../src/releases/manifest.js';
import { readPackage } from '../../src/releases/read-package.js';
import { ProjectFolders } from '../../src/releases/release-folders.js';
import { readReleaseState, writeReleaseState } from '../../src/releases/release-state.js';

const SECRET = 'kJ8+vault/key3Fq=';

let temp: Awaited<ReturnType<typeof tempFolder>>;
let folder: string;
let secret: string;
beforeEach(async () => {
  temp = await tempFolder('release-files');
  folder = join(temp.path, 'release');
  secret = join(temp.path, 'master.key');
  await mkdir(folder);
  await writeFile(secret, SECRET);
});
afterEach(() => temp.remove());

async function failure(reading: Promise<unknown>): Promise<DeployFailure> {
  const error = await reading.then(
    (value) => expect.fail(`it was read: ${JSON.stringify(value)}`),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DeployFailure);
  const told = `${(error as Error).stack} ${((error as Error).cause as Error)?.stack}`;
  expect(told).not.toContain(SECRET.slice(0, 3));
  return error as DeployFailure;
}

describe('what a commit brings', () => {
  it('is read where it is a file of its own: neither over links nor from pipes', async () => {
    for (const name of ['.project.yml', 'package.json', 'package-lock.json', 'npm-shrinkwrap.json', '.npmrc']) {
      const path = join(folder, name);
      const read = name === '.project.yml' ? readManifest : readPackage;
      for (const [make, what] of [
        [() => symlink(secret, path), 'a symbolic link'],
        [() => execFileSync('mkfifo', [path]), 'a named pipe'],
        [() => symlink('/dev/zero', path), 'a symbolic link'],
        [() => mkdir(path), 'a folder'],
      ] as const) {
        await make();
        expect((await failure(read(folder))).message).toContain(`${name} is ${what}, not a regular file`);
        execFileSync('rm', ['-r', path]);
      }
    }
  });

  it('is never quoted where it is no JSON', async () => {
    await writeFile(join(folder, 'package.json'), SECRET);
    expect((await failure(readPackage(folder))).message).toBe('package.json is not JSON: correct or remove it');
    await writeFile(join(folder, 'package.json'), `{"dependencies": {}\n ${SECRET}`);
    expect((await failure(readPackage(folder))).message).toContain('package.json is not JSON (line 2, column 2)');
    await writeFile(join(folder, 'package.json'), 'null');
    expect(await readPackage(folder)).toEqual({ wanted: false, locked: false });
  });
});

describe('the state beside the releases', () => {
  const state = {
    sha: 'a'.repeat(40),
    repo_full_name: 'local/proj_1',
    clone_url: 'local/proj_1.git',
    server_ip: '127.0.0.1',
    allocated_port: 1,
    release_port: 2,
    secrets_ref: '',
    pid: 0,
    process_start_time: '',
    boot_id: '',
    started_at: '',
    previous: [],
  };

  it('is read and written without waiting for a pipe that a release put in its place, and not over its link', async () => {
    const file = join(folder, 'current.json');
    for (const make of [() => execFileSync('mkfifo', [file]), () => symlink(secret, file)]) {
      await make();
      await expect(readReleaseState(file)).rejects.toThrow('not a regular file');
      await writeReleaseState(file, state);
      expect((await lstat(file)).isFile()).toBe(true);
      expect(await readReleaseState(file)).toEqual(state);
      execFileSync('rm', [file]);
    }
    expect(await readFile(secret, 'utf8')).toBe(SECRET);
    expect(await readReleaseState(file)).toBeUndefined();
  });

  it('of an earlier version tells where the repository was: in the folder that its name led to', async () => {
    const file = join(folder, 'current.json');
    const { clone_url, ...former } = state;
    await writeFile(file, JSON.stringify(former));
    expect(await readReleaseState(file)).toEqual({ ...former, clone_url });
  });

  it('does not count a link as a release, and removes half made ones with closed folders in them', async () => {
    const folders = new ProjectFolders(temp.path, 'proj_1');
    await mkdir(join(folders.passing(), 'closed', 'in'), { recursive: true });
    const [name] = execFileSync('ls', ['-A', folders.root]).toString().split('\n') as [string];
    execFileSync('chmod', ['000', join(folders.root, name, 'closed')]);
    await symlink(folder, folders.release('b'.repeat(40)));
    expect(await folders.hasRelease('b'.repeat(40))).toBe(false);
    await folders.sweep();
    await folders.prune(new Set());
    expect(execFileSync('ls', ['-A', folders.root]).toString()).toBe('');
    expect((await lstat(folder)).isDirectory()).toBe(true);
  });
});
