import { execFile } from 'node:child_process';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tempFolder } from '../../support/temp-folder.js';
import { waitFor } from '../../support/wait-for.js';
import { watchStreams } from './streams.js';
import { fixtureAgent, processesIn, processesWithMarker, type StackSystem, startStack } from './system.js';

const run = promisify(execFile);

/** The moment to kill at: the first XADD to a stream whose entry matches, and then perhaps something more. */
interface Point {
  title: string;
  phase: 'engineering' | 'deploy';
  stream: string;
  entry?: RegExp;
  andThen?: (system: StackSystem, seen: string) => Promise<unknown>;
}

const points: Point[] = [
  { title: 'the task is claimed', phase: 'engineering', stream: 'task:events', entry: /started/ },
  {
    title: 'the worker runs',
    phase: 'engineering',
    stream: 'worker:lifecycle',
    andThen: (_system, seen) =>
      waitFor('the agent', async () => (await agentsSeen(seen)).length > 0, { timeoutMs: 60_000 }),
  },
  { title: 'the result is published', phase: 'engineering', stream: 'worker:developer:output' },
  { title: 'the merge is under way', phase: 'engineering', stream: 'repository:queue' },
  {
    title: 'the release starts',
    phase: 'deploy',
    stream: 'ansible:deploy:queue',
    andThen: (system) =>
      waitFor('the release', async () => (await releases(system)).length > 0, { timeoutMs: 60_000, everyMs: 5 }),
  },
];

/** For each agent that has started, how many were alive then. An agent tells it itself: nobody has to look all the time. */
async function agentsSeen(folder: string): Promise<number[]> {
  const texts = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')));
  return texts.filter((text) => text !== '').map(Number);
}

async function releases(system: StackSystem): Promise<number[]> {
  const found: number[] = [];
  for (const pid of await processesIn(system.home)) {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (environment.includes('RELEASE_RUN_ID=')) found.push(pid);
  }
  return found;
}

/**
 * Tasks go on after a crash at any of the points, each on one system that is killed again and again. One file per kind
 * of crash, so that they run side by side.
 */
export function survivesSigkillOf(what: 'stack' | 'everything'): void {
  describe(`SIGKILL of ${what}, then a restart`, () => {
    let system: StackSystem;
    let agents: Awaited<ReturnType<typeof tempFolder>>;
    beforeAll(async () => {
      agents = await tempFolder('codegen-agents');
      const slow = fixtureAgent('slow', { DEMO_DELAY_MS: '1000', AGENTS_SEEN: agents.path });
      system = await startStack({ agent: 'slow', agents: { slow } });
    });
    beforeEach(async () => {
      for (const name of await readdir(agents.path)) await rm(join(agents.path, name));
    });
    afterAll(async () => {
      await system?.stop();
      await agents?.remove();
    });

    /** Starts a task; at the point it kills and starts the system again. Gives the ended task. */
    async function runTask(type: 'engineering' | 'deploy', project: string, point?: Point) {
      const watch = await watchStreams(system.redisUrl);
      const spec = type === 'engineering' ? ['--spec', `A bird called ${project}`] : [];
      const started = await system.cli([type, 'start', '--project', project, ...spec, '--json']);
      const { id } = started.json().data as { id: string };
      if (point) {
        const { stream, entry = /./ } = point;
        const reached = () => watch.entries.some((one) => one.stream === stream && entry.test(one.data));
        await waitFor(stream, reached, { timeoutMs: 60_000, everyMs: 2 });
        await point.andThen?.(system, agents.path);
        await system.kill(what);
        await system.start();
      }
      watch.stop();
      const waited = await system.cli([type, 'wait', id, '--json']);
      expect(waited.code, waited.stdout + waited.stderr).toBe(0);
      return waited.json().data as { id: string; project_id: string; result: { deployed_url: string } };
    }

    async function get(path: string) {
      const response = await fetch(`${system.apiUrl}${path}`, { headers: { authorization: `Bearer ${system.token}` } });
      return (await response.json()) as { items: { type: string }[] };
    }

    it.each(points.map((point, index) => ({ ...point, project: `phoenix-${index}` })))(
      'goes on where it was when $title',
      async ({ project, ...point }) => {
        await system.cli(['project', 'create', '--name', project]);
        const inDeploy = point.phase === 'deploy';
        const tasks = [await runTask('engineering', project, inDeploy ? undefined : point)];
        if (inDeploy) tasks.push(await runTask('deploy', project, point));

        expect(Math.max(...(await agentsSeen(agents.path)))).toBe(1);
        const { id, project_id } = tasks[0] as (typeof tasks)[0];
        const repo = join(system.reposDir, 'local', `${project_id}.git`);
        const { stdout } = await run('git', ['-C', repo, 'log', '--format=%s', 'main']);
        expect(stdout.trim().split('\n')).toHaveLength(2);
        for (const task of tasks) {
          const { items } = await get(`/tasks/${task.id}/events?limit=1000`);
          expect(items.filter((event) => event.type === 'completed' || event.type === 'failed')).toHaveLength(1);
        }
        await waitFor('the workers to be gone', async () => (await processesWithMarker(system.home)).length === 0);
        if (!inDeploy) return;
        expect((await get(`/deployments?project=${project_id}`)).items).toHaveLength(1);
        expect(await releases(system)).toHaveLength(1);
        const url = tasks.find((task) => task.id !== id)?.result.deployed_url;
        const posts = (await (await fetch(`${url}/posts`)).json()) as { body: string }[];
        expect(posts.map((post) => post.body)).toEqual([`A bird called ${project}`]);
      },
    );
  });
}
