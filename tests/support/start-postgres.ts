import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { freePort } from './ports.js';
import { tempFolder } from './temp-folder.js';
import { waitFor } from './wait-for.js';

const run = promisify(execFile);

/** Starts one PostgreSQL cluster for the whole run; each test makes its own database in it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const bin = await postgresBinaries();
  const folder = await tempFolder('codegen-postgres');
  const user = process.getuid?.() === 0 ? await accountOf('postgres') : undefined;
  if (user) await chown(folder.path, user.uid, user.gid);
  const data = join(folder.path, 'data');
  const as = { ...user, cwd: folder.path, env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' } };
  await run(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'], as);
  const port = await freePort();
  const settings = [
    '-c',
    `port=${port}`,
    '-c',
    'listen_addresses=127.0.0.1',
    '-c',
    `unix_socket_directories=${folder.path}`,
  ];
  const server = spawn(
    join(bin, 'postgres'),
    ['-D', data, ...settings, '-c', 'fsync=off', '-c', 'max_connections=200'],
    {
      ...as,
      stdio: 'ignore',
    },
  );
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  await waitFor('PostgreSQL', () => accepts(url), { timeoutMs: 20_000, everyMs: 50 });
  project.provide('postgresUrl', url);
  return async () => {
    const exited = once(server, 'exit');
    server.kill('SIGINT');
    await exited;
    await folder.remove();
  };
}

async function postgresBinaries(): Promise<string> {
  const root = '/usr/lib/postgresql';
  const versions = await readdir(root).catch(() => []);
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  if (!newest)
    throw new Error('PostgreSQL is not installed. Try: bin/test, which installs it, or apt-get install postgresql');
  return join(root, newest, 'bin');
}

async function accountOf(name: string): Promise<{ uid: number; gid: number }> {
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, name])).stdout)),
  );
  return { uid: uid as number, gid: gid as number };
}

async function accepts(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    return true;
  } finally {
    await client.end().catch(() => undefined);
  }
}
