import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { program } from '../support/program.js';
import { waitFor } from '../support/wait-for.js';
import { type StackSystem, startStack } from './support/system.js';

describe('bad input', () => {
  let system: StackSystem;
  beforeAll(async () => {
    system = await startStack();
    await system.cli(['project', 'create', '--name', 'blog']);
  });
  afterAll(() => system?.stop());

  it.each([
    [
      'an unknown project',
      ['engineering', 'start', '--project', 'blgo', '--spec', 'x'],
      3,
      'PROJECT_NOT_FOUND',
      /blog/,
    ],
    ['a bad name', ['project', 'create', '--name', 'Not A Name'], 2, 'VALIDATION_FAILED', /a-z/],
    ['a name that is taken', ['project', 'create', '--name', 'blog'], 5, 'NAME_TAKEN', /blog/],
    ['an empty spec', ['engineering', 'start', '--project', 'blog', '--spec', ' \n '], 2, 'SPEC_EMPTY', /spec/i],
    ['a deploy of nothing', ['deploy', 'start', '--project', 'blog'], 5, 'NOTHING_TO_DEPLOY', /engineering start/],
    ['an unknown task', ['task', 'get', 'task_00'], 3, 'TASK_NOT_FOUND', /task/],
  ])('says what to do about %s', async (_title, args, exitCode, code, hint) => {
    const json = await system.cli([...args, '--json']);
    expect(json.code, json.stdout).toBe(exitCode);
    expect(json.json()).toMatchObject({ ok: false, error: { code, exit_code: exitCode } });
    const plain = await system.cli(args);
    expect(plain.code).toBe(exitCode);
    expect(plain.stderr).toMatch(/^Try: /m);
    expect(plain.stderr).toMatch(hint);
    expect(plain.stderr).not.toMatch(/\n\s+at /);
  });

  it('refuses a spec of 2 MB and stores nothing', async () => {
    const file = join(system.home, 'large.md');
    await writeFile(file, 'x'.repeat(2 * 1024 * 1024));
    const refused = await system.cli(['engineering', 'start', '--project', 'blog', '--spec-file', file, '--json']);
    expect(refused.code).toBe(2);
    expect(refused.json().error.code).toBe('SPEC_TOO_LARGE');
    const direct = await fetch(`${system.apiUrl}/tasks`, {
      method: 'POST',
      headers: { authorization: `Bearer ${system.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ project: 'blog', type: 'engineering', spec: 'x'.repeat(2 * 1024 * 1024) }),
    });
    expect(direct.status).toBe(413);
    expect(await direct.json()).toMatchObject({ code: 'SPEC_TOO_LARGE' });
    expect((await system.cli(['task', 'list', '--json'])).json().data.items).toEqual([]);
  });

  it('says who has the data folder when it is in use', async () => {
    const child = spawn(process.execPath, [program('stack'), '--data-dir', system.dataDir], {
      env: { PATH: process.env.PATH, HOME: system.home },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const chunks: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    const [code] = await once(child, 'close');
    expect(code).toBe(5);
    const text = Buffer.concat(chunks).toString();
    expect(text).toContain(`in use by process ${system.pid}`);
    expect(text).toMatch(/^Try: /m);
    // The system that has it goes on.
    expect((await system.cli(['project', 'list'])).code).toBe(0);
  });

  it('takes another port when the one for a deploy is in use, and loses no task when Redis is gone', async () => {
    const redisPid = Number(JSON.parse(await readRun('redis.pid')).pid);
    process.kill(redisPid, 'SIGKILL');
    const started = await system.cli([
      'engineering',
      'start',
      '--project',
      'blog',
      '--spec',
      'After the flood',
      '--json',
    ]);
    expect(started.code, started.stdout + started.stderr).toBe(0);
    const waited = await system.cli(['engineering', 'wait', started.json().data.id, '--json']);
    expect(waited.code, waited.stdout + waited.stderr).toBe(0);

    const servers = await fetch(`${system.apiUrl}/servers`, { headers: { authorization: `Bearer ${system.token}` } });
    const { items } = (await servers.json()) as { items: { port_from: number }[] };
    const taken = items[0]?.port_from as number;
    const squatter = createServer((_, response) => response.end('mine'));
    squatter.listen(taken, '127.0.0.1');
    await once(squatter, 'listening');
    try {
      const deployed = await system.cli(['deploy', 'start', '--project', 'blog', '--wait', '--json']);
      expect(deployed.code, deployed.stdout + deployed.stderr).toBe(0);
      expect(deployed.json().data.result.port).toBeGreaterThan(taken);
    } finally {
      squatter.close();
    }
  });

  it('cancels what is under way when asked, and the project goes on', async () => {
    const started = (
      await system.cli(['engineering', 'start', '--project', 'blog', '--spec', 'Never mind', '--json'])
    ).json();
    const response = await fetch(`${system.apiUrl}/tasks/${started.data.id}/cancel`, {
      method: 'POST',
      headers: { authorization: `Bearer ${system.token}` },
    });
    expect(response.status).toBe(200);
    await waitFor(
      'the task to end',
      async () => {
        const headers = { authorization: `Bearer ${system.token}` };
        const task = await fetch(`${system.apiUrl}/tasks/${started.data.id}`, { headers });
        return ['completed', 'failed', 'cancelled'].includes(((await task.json()) as { status: string }).status);
      },
      { timeoutMs: 60_000, everyMs: 100 },
    );
    const ended = (await system.cli(['task', 'get', started.data.id, '--json'])).json().data;
    expect(ended.status).toBe('cancelled');
    const next = await system.cli([
      'engineering',
      'start',
      '--project',
      'blog',
      '--spec',
      'Onward',
      '--wait',
      '--json',
    ]);
    expect(next.code, next.stdout + next.stderr).toBe(0);
  });

  function readRun(name: string): Promise<string> {
    return readFile(join(system.dataDir, 'run', name), 'utf8');
  }
});
