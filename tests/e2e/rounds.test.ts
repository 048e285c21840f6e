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

async function engineer(agent: string, turnTimeoutSeconds?: number) {
  const system = await startStack({
    agent,
    agents: { [agent]: fixtureAgent(agent) },
    ...(turnTimeoutSeconds && { turnTimeoutSeconds }),
  });
  await system.cli(['project', 'create', '--name', 'ledger']);
  const args = ['engineering', 'start', '--project', 'ledger', '--spec', 'A ledger', '--wait', '--json'];
  const result = await system.cli(args);
  const { stdout } = await run('bash', ['-c', `git -C ${join(system.reposDir, 'local')}/*.git log --format=%s main`]);
  return { system, result, mainLog: stdout.trim().split('\n') };
}

describe('an agent that breaks a test and mends it when its prompt names that test', () => {
  let outcome: Awaited<ReturnType<typeof engineer>>;
  beforeAll(async () => {
    outcome = await engineer('breaks-then-mends');
  });
  afterAll(() => outcome?.system.stop());

  it('completes in two rounds', async () => {
    const { system, result } = outcome;
    expect(result.code, result.stdout + result.stderr).toBe(0);
    const task = result.json().data;
    expect(task.status).toBe('completed');
    const events = await eventsOf(system, task.id);
    expect(events.some((event) => event.current_step === 'test' && /round 2/.test(event.message ?? ''))).toBe(true);
    expect(events.some((event) => /round 3/.test(event.message ?? ''))).toBe(false);
  });

  it('keeps the two rounds’ commits on main', () => {
    expect(outcome.mainLog).toHaveLength(3);
  });
});

describe.each([
  ['never mends', 'never-mends', 'tests_failed', undefined],
  ['exits non-zero', 'exits-nonzero', 'agent_failed', undefined],
  ['changes nothing', 'changes-nothing', 'no_changes', undefined],
  ['hangs', 'hangs', 'timeout', 2],
])('an agent that %s', (_title, agent, reason, timeout) => {
  let outcome: Awaited<ReturnType<typeof engineer>>;
  beforeAll(async () => {
    outcome = await engineer(agent, timeout);
  }, 180_000);
  afterAll(() => outcome?.system.stop());

  it('fails after three rounds, with its reason', async () => {
    const { system, result } = outcome;
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
    expect(outcome.mainLog).toHaveLength(1);
    expect(await processesWithMarker(outcome.system.home)).toEqual([]);
  });
});
