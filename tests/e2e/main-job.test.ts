import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase } from '../support/postgres.js';
import { watchStreams } from './support/streams.js';
import { processesWithMarker, root, type System, startServices, startStack } from './support/system.js';

const run = promisify(execFile);

async function separateServices(): Promise<System> {
  const database = await createDatabase();
  const system = await startServices(database.url);
  return { ...system, stop: () => system.stop().then(() => database.drop()) };
}

describe.each([
  ['the stack on PGlite', () => startStack()],
  ['each service as its own process on PostgreSQL, langgraph twice', separateServices],
])('the main job on %s', (_name, start: () => Promise<System>) => {
  let system: System;
  let watch: Awaited<ReturnType<typeof watchStreams>>;
  let projectId: string;
  let url: string;
  const tasks: Record<string, string> = {};

  beforeAll(async () => {
    system = await start();
    watch = await watchStreams(system.redisUrl);
  });
  afterAll(async () => {
    watch?.stop();
    await system?.stop();
  });

  it('creates a project', async () => {
    const created = await system.cli(['project', 'create', '--name', 'blog', '--modules', 'backend', '--json']);
    expect(created.stderr).toBe('');
    expect(created.json()).toMatchObject({
      ok: true,
      command: 'project create',
      data: { name: 'blog', status: 'draft' },
    });
    projectId = created.json().data.id;
  });

  it('engineers it, with progress in plain lines', async () => {
    const spec = join(root, 'examples', 'blog', 'spec.md');
    const started = await system.cli([
      'engineering',
      'start',
      '--project',
      'blog',
      '--spec-file',
      spec,
      '--wait',
      '--json',
    ]);
    expect(started.code, started.stdout + started.stderr).toBe(0);
    const task = started.json().data;
    expect(task).toMatchObject({ type: 'engineering', status: 'completed', project_id: projectId });
    expect(task.result).toMatchObject({ status: 'success', commit_sha: expect.stringMatching(/^[0-9a-f]{40}$/) });
    expect(started.stderr).toMatch(/develop/);
    expect(started.stderr).not.toContain('\u001b');
    tasks.engineering = task.id;
  });

  it('deploys it', async () => {
    const deployed = await system.cli(['deploy', 'start', '--project', 'blog', '--wait', '--json']);
    expect(deployed.code, deployed.stdout + deployed.stderr).toBe(0);
    const task = deployed.json().data;
    expect(task).toMatchObject({ type: 'deploy', status: 'completed' });
    url = task.result.deployed_url;
    tasks.deploy = task.id;
  });

  it("serves the spec's posts at the URL", async () => {
    const spec = await readFile(join(root, 'examples', 'blog', 'spec.md'), 'utf8');
    const titles = [...spec.matchAll(/^## (.+)$/gm)].map((match) => match[1]);
    const posts = (await (await fetch(`${url}/posts`)).json()) as { title: string; body: string }[];
    expect(posts.map((post) => post.title)).toEqual(titles);
    for (const post of posts) expect(spec).toContain(post.body);
    const page = await fetch(url);
    expect(page.headers.get('content-type')).toMatch(/text\/html/);
    const html = await page.text();
    for (const title of titles) expect(html).toContain(title);
    const health = (await (await fetch(`${url}/health`)).json()) as { status: string; release: string };
    const project = (await system.cli(['project', 'get', 'blog', '--json'])).json().data;
    expect(health).toEqual({ status: 'ok', release: project.main_sha });
    expect(project.status).toBe('active');
  });

  it('leaves a git history of scaffold and agent, merged from the attempt’s branch', async () => {
    const repo = join(system.reposDir, 'local', `${projectId}.git`);
    const git = async (...args: string[]) => (await run('git', ['-C', repo, ...args])).stdout.trim();
    const subjects = (await git('log', '--format=%an: %s', 'main')).split('\n');
    expect(subjects).toHaveLength(2);
    expect(subjects[1]).toMatch(/Scaffold/);
    expect(subjects[0]).toMatch(/agent/i);
    expect(await git('rev-parse', `task/${tasks.engineering}/1`)).toBe(await git('rev-parse', 'main'));
    expect(await git('fsck', '--strict')).toBe('');
  });

  it('sent an entry through every stream of the route', () => {
    const streams = [...watch.streams()].map((name) => name.replace(/:w-[0-9a-f-]+:/, ':<worker>:'));
    expect(streams).toEqual(
      expect.arrayContaining([
        'engineering:queue',
        'scaffolder:queue',
        'scaffolder:results',
        'worker:commands',
        'worker:responses',
        'worker:developer:<worker>:input',
        'worker:developer:output',
        'worker:lifecycle',
        'repository:queue',
        'repository:results',
        'deploy:queue',
        'ansible:deploy:queue',
        'ansible:deploy:results',
        'task:events',
      ]),
    );
    expect(streams.filter((name) => name.endsWith(':dlq'))).toEqual([]);
  });

  it("tells the tasks' events in order, with one end each", async () => {
    for (const [type, steps] of [
      ['engineering', ['claim', 'scaffold', 'develop', 'test', 'merge']],
      ['deploy', ['claim', 'allocate', 'deploy', 'verify']],
    ] as const) {
      const response = await fetch(`${system.apiUrl}/tasks/${tasks[type]}/events`, {
        headers: { authorization: `Bearer ${system.token}` },
      });
      const { items } = (await response.json()) as {
        items: { seq: number; type: string; current_step: string | null }[];
      };
      expect(items.map((event) => event.seq)).toEqual(items.map((_, i) => i + 1));
      expect(items[0]?.type).toBe('started');
      expect(items.at(-1)?.type).toBe('completed');
      expect(items.filter((event) => event.type === 'completed' || event.type === 'failed')).toHaveLength(1);
      const seen = [...new Set(items.map((event) => event.current_step))].filter((step) =>
        steps.some((one) => one === step),
      );
      expect(seen).toEqual(steps);
    }
  });

  it('leaves no agent running', async () => {
    expect(await processesWithMarker(system.home)).toEqual([]);
  });

  it('refuses a call without a key', async () => {
    const response = await fetch(`${system.apiUrl}/projects`);
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});
