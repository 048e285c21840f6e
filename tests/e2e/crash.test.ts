import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.js';
import { watchStreams } from './support/streams.js';
import { fixtureAgent, processesIn, processesWithMarker, type StackSystem, startStack } from './support/system.js';

const run = promisify(execFile);

/** The moment to kill at: the first XADD to a stream whose entry matches, and then perhaps something more. */
interface Point {
  title: string;
  phase: 'engineering' | 'deploy';
  stream: string;
  entry?: RegExp;
  andThen?: (system: StackSystem) => Promise<unknown>;
}

const points: Point[] = [
  { title: 'the task is claimed', phase: 'engineering', stream: 'task:events', entry: /started/ },
  {
    title: 'the worker runs',
    phase: 'engineering',
    stream: 'worker:lifecycle',
    andThen: (system) => waitFor('the agent', async () => (await agents(system)).length > 0),
  },
  { title: 'the result is published', phase: 'engineering', stream: 'worker:developer:output' },
  { title: 'the merge is under way', phase: 'engineering', stream: 'repository:queue' },
  {
    title: 'the release starts',
    phase: 'deploy',
    stream: 'ansible:deploy:queue',
    andThen: (system) => waitFor('the release', async () => (await releases(system)).length > 0, { everyMs: 5 }),
  },
];

/** Command lines of the agents that live now, by pid. */
async function agents(system: StackSystem): Promise<string[]> {
  const lines = await Promise.all(
    (await processesWithMarker(system.home)).map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return lines.filter((line) => /\0?[^\0]*\/slow\.js\0?$/.test(line));
}

async function releases(system: StackSystem): Promise<number[]> {
  const found: number[] = [];
  for (const pid of await processesIn(system.home)) {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (environment.includes('RELEASE_RUN_ID=')) found.push(pid);
  }
  return found;
}

/** Counts the agents that live at the same time, until stopped. */
function countAgents(system: StackSystem): { most(): number; stop(): void } {
  let most = 0;
  let running = true;
  const look = async (): Promise<void> => {
    while (running) {
      most = Math.max(most, (await agents(system)).length);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  void look();
  return {
    most: () => most,
    stop: () => {
      running = false;
    },
  };
}

describe.each(['stack', 'everything'] as const)('SIGKILL of %s, then a restart', (what) => {
  it.each(points)('goes on where it was when $title', async ({ phase, stream, entry, andThen }) => {
    const system = await startStack({
      agent: 'slow',
      agents: { slow: fixtureAgent('slow', { DEMO_DELAY_MS: '1500' }) },
    });
    const counter = countAgents(system);
    try {
      const created = (await system.cli(['project', 'create', '--name', 'phoenix', '--json'])).json();
      const projectId = created.data.id as string;
      const killAt = async () => {
        const watch = await watchStreams(system.redisUrl);
        const reached = waitFor(
          `${stream}`,
          () => watch.entries.some((one) => one.stream === stream && (!entry || entry.test(one.data))),
          { timeoutMs: 60_000, everyMs: 2 },
        );
        return { reached: reached.finally(() => watch.stop()) };
      };
      const start = async (type: 'engineering' | 'deploy') => {
        const spec = type === 'engineering' ? ['--spec', 'A bird that burns and comes back'] : [];
        const answer = (await system.cli([type, 'start', '--project', 'phoenix', ...spec, '--json'])).json();
        return answer.data.id as string;
      };
      const interrupt = async (type: 'engineering' | 'deploy') => {
        if (type !== phase) return start(type);
        const { reached } = await killAt();
        const id = await start(type);
        await reached;
        await andThen?.(system);
        await system.kill(what);
        await system.start();
        return id;
      };
      const finish = async (id: string, type: string) => {
        const waited = await system.cli([type, 'wait', id, '--json']);
        expect(waited.code, waited.stdout + waited.stderr).toBe(0);
        return waited.json().data;
      };
      const engineering = await interrupt('engineering');
      await finish(engineering, 'engineering');
      const deploy = await interrupt('deploy');
      const deployed = await finish(deploy, 'deploy');

      expect(counter.most()).toBe(1);
      const { stdout } = await run('git', [
        '-C',
        join(system.reposDir, 'local', `${projectId}.git`),
        'log',
        '--format=%s',
        'main',
      ]);
      expect(stdout.trim().split('\n')).toHaveLength(2);
      const get = async (path: string) => {
        const response = await fetch(`${system.apiUrl}${path}`, {
          headers: { authorization: `Bearer ${system.token}` },
        });
        return (await response.json()) as { items: { type: string }[] };
      };
      expect((await get(`/deployments?project=${projectId}`)).items).toHaveLength(1);
      for (const id of [engineering, deploy]) {
        const { items } = await get(`/tasks/${id}/events?limit=1000`);
        expect(items.filter((event) => event.type === 'completed' || event.type === 'failed')).toHaveLength(1);
      }
      const posts = (await (await fetch(`${deployed.result.deployed_url}/posts`)).json()) as { body: string }[];
      expect(posts.map((post) => post.body)).toEqual(['A bird that burns and comes back']);
      expect(await releases(system)).toHaveLength(1);
      await waitFor('the workers to be gone', async () => (await processesWithMarker(system.home)).length === 0);
    } finally {
      counter.stop();
      await system.stop();
    }
  });
});
