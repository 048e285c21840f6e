import { type ChildProcess, execFile, spawn } from 'node:child_process';
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
  const { url, stop, remove } = await startPostgres();
  project.provide('postgresUrl', url);
  return async () => {
    await stop();
    await remove();
  };
}

/** Starts a separate PostgreSQL cluster, which can be stopped and restarted on the same port and data. */
export async function startPostgres() {
  const bin = await postgresBinaries();
  const folder = await tempFolder('codegen-postgres');
  const user = process.getuid?.() === 0 ? await accountOf('postgres') : undefined;
  if (user) await chown(folder.path, user.uid, user.gid);
  const data = join(folder.path, 'data');
  const as = { ...user, cwd: folder.path, env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' } };
  await run(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'], as);
  const port = await freePort();
  const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', `unix_socket_directories=${folder.path}`];
  const args = [...settings, 'fsync=off', 'max_connections=200'].flatMap((setting) => ['-c', setting]);
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  let server: ChildProcess;
  const start = async () => {
    server = spawn(join(bin, 'postgres'), ['-D', data, ...args], { ...as, stdio: 'ignore' });
    await waitFor('PostgreSQL', () => accepts(url), { timeoutMs: 20_000, everyMs: 50 });
  };
  await start();
  return {
    url,
    start,
    /** Fast shutdown: ends connections instead of waiting for them. */
    stop: async () => {
      const exited = once(server, 'exit');
      server.kill('SIGINT');
      await exited;
    },
    remove: () => folder.remove(),
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
