import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.js';
import { fixtureAgent, root, startStack } from './support/system.js';

/** A line as the operator pastes it, with the CLI of the checkout. */
async function paste(line: string, env: NodeJS.ProcessEnv): Promise<{ code: number | null; output: string }> {
  const child = spawn('bash', ['-c', `exec 2>&1; ${line}`], {
    cwd: root,
    env: { PATH: `${join(root, 'bin')}:${process.env.PATH}`, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output: Buffer.concat(output).toString() };
}

it('who runs the system ends a stuck task with the line that the refusal names; the ordinary login may not', async () => {
  const system = await startStack({ agent: 'hangs', agents: { hangs: fixtureAgent('hangs') } });
  try {
    const config = join(system.home, 'config');
    const env = { ORCHESTRATOR_CONFIG_DIR: config };
    await system.cli(['project', 'create', 'blog']);
    const started = await system.cli(['engineering', 'start', '--project', 'blog', '--spec', 'x', '--json']);
    const task = started.json().data.id as string;
    const status = async () => (await system.cli(['task', 'get', task, '--json'])).json().data.status as string;
    await waitFor('the task to run', async () => (await status()) === 'running');

    const reason = `"the server's gone"`;
    const refused = await paste(`orchestrator task fail ${task} --reason ${reason} --yes`, env);
    expect(refused.code).toBe(6);
    expect(refused.output).toContain('this is for keys of the role admin, not user');
    const line = refused.output.trimEnd().split('\n').at(-1) ?? '';
    expect(line).toContain('--profile local-admin');
    expect(await status()).toBe('running');

    const ended = await paste(line.replace(/^Try: /, ''), env);
    expect(ended.code, ended.output).toBe(0);
    expect(await status()).toBe('failed');
    expect((await system.cli(['task', 'logs', task])).stdout).toContain("the server's gone");

    const who = async (...args: string[]) => (await system.cli(['auth', 'status', ...args, '--json'])).json().data;
    expect((await who()).key.role).toBe('user');
    const admin = await who('--profile', 'local-admin');
    expect(admin.key.role).toBe('admin');

    // Both are kept in the CLI's own folder, for this account alone, and nowhere in the data.
    const secret = (await readFile(join(config, 'local-admin.token'), 'utf8')).split('\n')[0] as string;
    for (const name of ['local.token', 'local-admin.token', 'config.json']) {
      expect((await stat(join(config, name))).mode & 0o777).toBe(0o600);
    }
    for (const entry of await readdir(system.dataDir, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      expect([path, (await readFile(path)).includes(secret)]).toEqual([path, false]);
    }
  } finally {
    await system.stop();
  }
});
