import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Step } from '../support/executors.js';
import { World } from '../support/world.js';

const FULL = 'the disk of worker-manager on host-1 is full (ENOSPC): make room there';

describe('a machine that is at fault', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open('PostgreSQL');
  });
  afterEach(() => world.reset());
  afterAll(() => world.close());

  const askedFor = (step: Step, task: { id: string; project_id: string }) =>
    world.executors.of(step, task).map(({ requestId }) => requestId);

  it('is waited for at every step of engineering, and costs neither round nor worker nor attempt', async () => {
    await world.startReplica();
    const faults: Record<string, number> = {};
    const once = (step: string) => {
      faults[step] = (faults[step] ?? 0) + 1;
      return faults[step] === 1 ? { status: 'failed' as const, error: FULL, system_fault: FULL } : undefined;
    };
    world.executors.script = {
      scaffold: () => once('scaffold'),
      develop: () => once('develop') && { ...once('x'), status: 'failed', reason: 'clone_failed', system_fault: FULL },
      test: () => once('test') && { status: 'failed', reason: 'tests_failed', error: FULL, system_fault: FULL },
      merge: () => once('merge'),
    };
    const task = await world.start('engineering', await world.newProject());

    const done = await world.ended(task, 60_000);

    expect(done).toMatchObject({ status: 'completed', reason: null, error: null, attempt: 1, epoch: 1 });
    for (const step of ['scaffold', 'develop', 'test', 'merge'] as const) {
      expect([step, new Set(askedFor(step, task)).size]).toEqual([step, 2]);
    }
    // The workers that were there are asked again.
    expect(new Set(world.executors.of('create', task).map(({ workerId }) => workerId)).size).toBe(2);
    const told = (await world.events(task)).filter(({ error_type }) => error_type === 'waiting_system');
    expect(told.map(({ current_step }) => current_step)).toEqual(['scaffold', 'develop', 'test', 'merge']);
    expect(told[0]?.message).toContain(FULL);
    expect((await world.events(task)).some(({ message }) => message?.includes('round 2'))).toBe(false);
  });

  it('is told by the task while it waits, with growing pauses; a request to cancel ends that at once', async () => {
    await world.startReplica();
    world.executors.script = {
      deploy: () => ({ status: 'failed', reason: 'install_failed', error: FULL, system_fault: FULL }),
    };
    const task = await world.start('deploy', await world.scaffoldedProject());
    await expect
      .poll(async () => world.api.tasks.get(task.id), { timeout: 10_000 })
      .toMatchObject({ status: 'running', reason: 'waiting_system', error: FULL });
    await expect.poll(() => new Set(askedFor('deploy', task)).size, { timeout: 10_000 }).toBeGreaterThan(2);
    expect((await world.api.tasks.get(task.id)).attempt).toBe(1);
    // Being tried again and again is one event.
    expect(await world.story(task)).toEqual(['started', 'allocate', 'deploy', 'deploy']);

    const askedAt = performance.now();
    await world.api.tasks.cancel(task.id);
    expect(await world.ended(task)).toMatchObject({ status: 'cancelled' });
    expect(performance.now() - askedAt).toBeLessThan(3000);
  });

  it('ends the task where it lasts too long', async () => {
    await world.startReplica({ limits: { systemMs: 1000 } });
    world.executors.script = { deploy: () => ({ status: 'failed', error: FULL, system_fault: FULL }) };
    const task = await world.start('deploy', await world.scaffoldedProject());
    expect(await world.ended(task)).toMatchObject({ status: 'failed', reason: 'system_fault', error: FULL });
  });

  it('has another worker created where the first one could not be', async () => {
    await world.startReplica();
    world.executors.script = {
      develop: (_, times) =>
        times === 1 ? { status: 'failed', reason: 'spawn_failed', error: FULL, system_fault: FULL } : undefined,
    };
    const task = await world.start('engineering', await world.scaffoldedProject());
    expect(await world.ended(task)).toMatchObject({ status: 'completed', attempt: 1, epoch: 1 });
    const created = world.executors.of('create', task).map(({ message }) => message as { config: { name: string } });
    expect(created.filter(({ config }) => config.name.startsWith('developer'))).toHaveLength(2);
  });

  it('ends the task after three turns that ran and ended so: the agent may be what fills the disk', async () => {
    await world.startReplica();
    world.executors.script = {
      develop: () => ({ status: 'failed', reason: 'agent_failed', error: FULL, system_fault: FULL }),
    };
    const task = await world.start('engineering', await world.scaffoldedProject());
    const done = await world.ended(task);
    expect(done).toMatchObject({ status: 'failed', reason: 'system_fault', attempt: 1 });
    expect(done.error).toContain('at the end of 3 turns');
    expect(new Set(askedFor('develop', task)).size).toBe(3);
  });
});
