import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { databases, World } from '../support/world.js';

describe.each(databases)('engineering on %s', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await World.open(kind);
  });
  afterEach(() => world.reset());
  afterAll(() => world.close());

  it('takes a draft project through scaffold, develop, test and merge', async () => {
    await world.startReplica();
    const project = await world.newProject();
    const task = await world.start('engineering', project, 'Pages about tea — 茶');

    const done = await world.ended(task);

    const [turn] = world.executors.of('develop', task);
    expect(done).toMatchObject({ status: 'completed', epoch: 1, reason: null, error: null });
    expect(done.result).toMatchObject({
      request_id: task.request_id,
      status: 'success',
      files_changed: ['server.js'],
      branch: `task/${task.id}/1`,
    });
    expect(turn?.prompt).toContain(
      'Spec-Bytes: 23\n----- BEGIN SPEC -----\nPages about tea — 茶\n----- END SPEC -----\n',
    );
    expect(turn?.prompt).not.toContain('Failure-Bytes');
    expect(await world.story(task)).toEqual([
      'started',
      ...['scaffold', 'scaffold', 'develop', 'develop', 'test', 'test', 'merge', 'merge', 'cleanup', 'completed'],
    ]);
    expect(world.executors.workers.size).toBe(0);
    const [attempt] = await world.api.tasks.attempts(task.id);
    expect(attempt).toMatchObject({ epoch: 1, worker_id: turn?.workerId, request_id: turn?.requestId });
    expect(world.complaints).toEqual([]);
  });
});
