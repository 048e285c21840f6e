import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixtureAgent, processesWithMarker, type StackSystem, startStack } from './support/system.js';

const run = promisify(execFile);

interface Event {
  type: string;
  current_step: string | null;
  message: string | null;
  error_type: string | null;
}

async function eventsOf(system: StackSystem, taskId: string): Promise<Event[]> {
  const response = await fetch(`${system.apiUrl}/tasks/${taskId}/events?limit=1000`, {
    headers: { authorization: `Bearer ${system.token}` },
  });
  return ((await response.json()) as { items: Event[] }).items;
}

/** Has one of the fixture agents develop a project of the same name, to its end. */
async function engineer(system: StackSystem, agent: string) {
  const created = await system.cli(['project', 'create', '--name', agent, '--json']);
  const args = ['engineering', 'start', '--project', agent, '--spec', agent, '--wait', '--json'];
  const result = await system.cli(args);
  const repo = join(system.reposDir, 'local', `${created.json().data.id}.git`);
  const { stdout } = await run('git', ['-C', repo, 'log', '--format=%s', 'main']);
  return { system, result, mainLog: stdout.trim().split('\n') };
}

// One system for the agents that end; another, with short turns, for the one that does not.
const systems: StackSystem[] = [];
const outcomes = new Map<string, Awaited<ReturnType<typeof engineer>>>();
beforeAll(async () => {
  const develop = async (agents: string[], options: Parameters<typeof startStack>[0]) => {
    const system = await startStack(options);
    systems.push(system);
    await Promise.all(agents.map(async (agent) => outcomes.set(agent, await engineer(system, agent))));
  };
  const told = { agent: 'as-told', agents: { 'as-told': fixtureAgent('as-told') } };
  const hanging = { agent: 'hangs', agents: { hangs: fixtureAgent('hangs') }, turnTimeoutSeconds: 2 };
  await Promise.all([
    develop(['breaks-then-mends', 'never-mends', 'exits-nonzero', 'changes-nothing', 'speaks-nul'], told),
    develop(['hangs'], { ...hanging, env: { TERMINATE_GRACE_MS: '1000' } }),
  ]);
}, 240_000);
afterAll(() => Promise.all(systems.map((system) => system.stop())));

function outcomeOf(agent: string) {
  const outcome = outcomes.get(agent);
  if (!outcome) throw new Error(`${agent} did not develop`);
  return outcome;
}

describe('an agent that breaks a test and mends it when its prompt names that test', () => {
  it('completes in two rounds', async () => {
    const { system, result } = outcomeOf('breaks-then-mends');
    expect(result.code, result.stdout + result.stderr).toBe(0);
    const task = result.json().data;
    expect(task.status).toBe('completed');
    const events = await eventsOf(system, task.id);
    expect(events.some((event) => event.current_step === 'test' && /round 2/.test(event.message ?? ''))).toBe(true);
    expect(events.some((event) => /round 3/.test(event.message ?? ''))).toBe(false);
  });

  it('keeps the two rounds’ commits on main', () => {
    expect(outcomeOf('breaks-then-mends').mainLog).toHaveLength(3);
  });
});

describe.each([
  ['never mends', 'never-mends', 'tests_failed'],
  ['exits non-zero', 'exits-nonzero', 'agent_failed'],
  ['changes nothing', 'changes-nothing', 'no_changes'],
  ['hangs', 'hangs', 'timeout'],
])('an agent that %s', (_title, agent, reason) => {
  it('fails after three rounds, with its reason', async () => {
    const { system, result } = outcomeOf(agent);
    expect(result.code).toBe(1);
    expect(result.json()).toMatchObject({ ok: false, error: { code: 'TASK_FAILED', exit_code: 1 } });
    const taskId = result.json().error.details.id as string;
    const task = (await system.cli(['task', 'get', taskId, '--json'])).json().data;
    expect(task).toMatchObject({ status: 'failed', reason });
    expect(task.error).toBeTruthy();
    const events = await eventsOf(system, taskId);
    expect(events.some((event) => /round 3/.test(event.message ?? ''))).toBe(true);
    expect(events.some((event) => /round 4/.test(event.message ?? ''))).toBe(false);
    expect(events.at(-1)).toMatchObject({ type: 'failed', error_type: reason });
  });

  it('leaves main unchanged and no agent behind', async () => {
    const { system, mainLog } = outcomeOf(agent);
    expect(mainLog).toHaveLength(1);
    expect(await processesWithMarker(system.home)).toEqual([]);
  });
});

describe('an agent, and a release, that say what no database can hold', () => {
  it('cost nothing but their own task: the work is merged, each deploy fails with what was said', async () => {
    const { system, result } = outcomeOf('speaks-nul');
    expect(result.code, result.stdout + result.stderr).toBe(0);
    expect(result.json().data).toMatchObject({ status: 'completed', attempt: 1 });
    // The second one waits for the first to end.
    for (let deploys = 0; deploys < 2; deploys += 1) {
      const deploy = await system.cli(['deploy', 'start', '--project', 'speaks-nul', '--wait=60s', '--json']);
      expect([deploy.code, deploy.json().error.code], deploy.stdout).toEqual([1, 'TASK_FAILED']);
      const task = (await system.cli(['task', 'get', deploy.json().error.details.id, '--json'])).json().data;
      expect(task).toMatchObject({ status: 'failed', reason: 'start_failed' });
      expect(task.error).toContain('panic: \ufffd');
    }
    const dead = await system.cli(['queue', 'stats', '--json'], { env: { ORCHESTRATOR_REDIS_URL: system.redisUrl } });
    expect(dead.stdout).toContain('"dead_letters":0');
    expect(dead.stdout).not.toMatch(/"dead[a-z_]*":[1-9]/);
  });
});
