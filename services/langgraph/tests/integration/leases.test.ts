import { OrchestratorError } from '@codegen/sdk/errors';
import { currentMessage, silentLogger } from '@codegen/sdk/queue';
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { FencedSaver } from '../../src/engine/checkpoints.js';
import { migrate } from '../../src/engine/database/migrate.js';
import { Driver, type Flow } from '../../src/engine/driver.js';
import { LeaseLost, type ThreadKind, Threads } from '../../src/engine/threads.js';
import { Waits } from '../../src/engine/waits.js';
import { World } from '../support/world.js';

const State = Annotation.Root({
  ...{ input: Annotation<unknown>, epoch: Annotation<number>, done: Annotation<string> },
  next: Annotation<string>({ reducer: (_, next) => next, default: () => 'finish' }),
});

describe('leases', () => {
  let world: World;
  let threads: Threads;
  let threadId: string;
  let count = 0;
  beforeAll(async () => {
    world = await World.open('PostgreSQL');
    await Promise.all([migrate(world.pool), migrate(world.pool)]);
    threads = new Threads(world.pool);
  });
  beforeEach(async () => {
    count += 1;
    threadId = `thread-${count}`;
    await threads.ensure('engineering', {
      request_id: threadId,
      task_id: `task-${count}`,
      project_id: 'p',
      user_id: 0,
      correlation_id: 'c',
      callback_stream: null,
      epoch: 1,
    });
  });
  afterAll(() => world.close());

  const checkpoints = async () =>
    (await world.pool.query('select 1 from langgraph.checkpoints where thread_id = $1', [threadId])).rows.length;

  it('gives every wait of an earlier version an end, and reads how those ended that had one', async () => {
    const rows = [
      ['old-open', null, null],
      ['old-secrets', '{"type":"secrets"}', null],
      ['old-ended', null, '{"kind":"timeout"}'],
    ];
    for (const [id, condition, result] of rows) {
      await world.pool.query(
        `insert into langgraph.waits (request_id, thread_id, step, messages, condition, result, check_every_ms, next_check_at)
         values ($1, $2, 'deploy', '[]', $3, $4, 1000, now())`,
        [id, threadId, condition, result],
      );
    }
    await world.pool.query('delete from langgraph.migrations where version > 2');
    await world.pool.query('alter table langgraph.waits drop column begins');
    await world.pool.query('alter table langgraph.threads drop column cancel_requested');
    await migrate(world.pool);

    const { rows: found } = await world.pool.query(
      `select request_id, round(extract(epoch from deadline_at - now()) / 3600)::int as hours, cancel_after_ms is not null as cancellable,
              coalesce(result, deadline_result)->>'reason' as reason
         from langgraph.waits where request_id like 'old-%' order by request_id`,
    );
    expect(found).toEqual([
      { request_id: 'old-ended', hours: null, cancellable: false, reason: 'timeout' },
      { request_id: 'old-open', hours: 1, cancellable: true, reason: 'timeout' },
      { request_id: 'old-secrets', hours: 168, cancellable: true, reason: 'timeout' },
    ]);
  });

  it('gives a thread to one of many who ask at once', async () => {
    const asked = Array.from({ length: 20 }, (_, index) => threads.take(threadId, `driver-${index}`, 10_000));

    expect((await Promise.all(asked)).filter(Boolean)).toHaveLength(1);
  });

  it('gives it to another only when the lease has run out, and the first can renew it no more', async () => {
    await threads.take(threadId, 'first', 200);
    expect(await threads.take(threadId, 'second', 10_000)).toBeUndefined();
    expect(await threads.renew(threadId, 'first', 200)).toBe(true);
    await expect.poll(() => threads.take(threadId, 'second', 10_000)).toBeDefined();

    expect(await threads.renew(threadId, 'first', 10_000)).toBe(false);
  });

  it('is free at once for the next process of the same name, and for that one only', async () => {
    await threads.take(threadId, 'stack/1', 60_000);
    await threads.freeOf('stac');
    expect(await threads.take(threadId, 'other/1', 60_000)).toBeUndefined();
    await threads.freeOf('stack');
    expect(await threads.drivable(1000)).toContain(threadId);
    expect(await threads.take(threadId, 'stack/2', 60_000)).toBeDefined();
  });

  it('releases and finishes only for the driver that has it', async () => {
    await threads.take(threadId, 'mine', 10_000);
    await threads.release(threadId, 'other');
    await threads.finish(threadId, 'other');
    expect(await threads.take(threadId, 'third', 10_000)).toBeUndefined();
    await threads.finish(threadId, 'mine');

    expect(await threads.take(threadId, 'third', 10_000)).toBeUndefined();
    expect(await threads.drivable(100)).not.toContain(threadId);
  });

  it('refuses checkpoints and waits of a driver that lost the thread', async () => {
    await threads.take(threadId, 'first', 10_000);
    const saver = new FencedSaver(world.pool, () => 'first');
    const graph = new StateGraph(State)
      .addNode('only', () => ({ done: 'yes' }))
      .addEdge(START, 'only')
      .addEdge('only', END)
      .compile({ checkpointer: saver });
    const config = { configurable: { thread_id: threadId }, durability: 'sync' as const };
    await graph.invoke({ epoch: 1 }, config);
    const before = await checkpoints();
    await world.pool.query(`update langgraph.threads set driver = 'second' where thread_id = $1`, [threadId]);

    await expect(graph.invoke({ epoch: 2 }, config)).rejects.toThrow(LeaseLost);
    const wait = {
      requestId: `wait-${count}`,
      step: 'develop',
      messages: [],
      silence: '',
      deadlineMs: 1,
      cancelAfterMs: 0,
    };
    await expect(new Waits(world.pool).write(threadId, 'first', wait, 1000)).rejects.toThrow(LeaseLost);
    expect(await checkpoints()).toBe(before);
    expect(before).toBeGreaterThan(0);
  });

  it('goes on from the checkpoint that was written last, though the clock of who wrote before was ahead', async () => {
    await threads.take(threadId, 'mine', 60_000);
    const graph = new StateGraph(State)
      .addNode('only', ({ epoch }) => ({ done: `epoch ${epoch}` }))
      .addEdge(START, 'only')
      .addEdge('only', END)
      .compile({ checkpointer: new FencedSaver(world.pool, () => 'mine') });
    const config = { configurable: { thread_id: threadId }, durability: 'sync' as const };
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 600_000 });
    try {
      await graph.invoke({ epoch: 1 }, config);
    } finally {
      vi.useRealTimers();
    }
    await graph.invoke({ epoch: 2 }, config);

    expect((await graph.getState(config)).values).toMatchObject({ epoch: 2, done: 'epoch 2' });
  });

  it('stops in mid-run when the lease is lost: the next step never runs', async () => {
    let unblock: (() => void) | undefined;
    const ran: string[] = [];
    const graph = new StateGraph(State)
      .addNode('one', async () => {
        ran.push('one');
        await new Promise<void>((resolve) => {
          unblock = resolve;
        });
        return {};
      })
      .addNode('two', () => {
        ran.push('two');
        return {};
      })
      .addEdge(START, 'one')
      .addEdge('one', 'two')
      .addEdge('two', END)
      .compile({ checkpointer: new FencedSaver(world.pool, (id) => driver.driverOf(id)) });
    const driver: Driver = new Driver({
      refused: () => undefined,
      threads,
      waits: new Waits(world.pool),
      flows: { engineering: graph, deploy: graph } as unknown as Record<ThreadKind, Flow>,
      endings: { giveUp: () => Promise.reject(new Error('no')), abandon: () => Promise.reject(new Error('no')) },
      instance: 'test',
      leaseMs: 300,
      concurrency: 1,
      logger: silentLogger,
    });
    driver.nudge(threadId);
    await expect.poll(() => unblock).toBeDefined();
    await world.pool.query(
      `update langgraph.threads set driver = 'thief', lease_until = now() + interval '1 hour' where thread_id = $1`,
      [threadId],
    );
    await expect.poll(() => driver.driverOf(threadId)).toBeUndefined();
    unblock?.();
    await new Promise((resolve) => setTimeout(resolve, 300));

    expect(ran).toEqual(['one']);
    const { rows } = await world.pool.query('select driver, state from langgraph.threads where thread_id = $1', [
      threadId,
    ]);
    expect(rows).toEqual([{ driver: 'thief', state: 'ready' }]);
  });

  it.each(['UNAUTHENTICATED', 'FORBIDDEN'] as const)(
    'leaves a thread to its peers at once, unharmed, where the service is not let in: %s',
    async (code) => {
      const graph = new StateGraph(State)
        .addNode('only', () => Promise.reject(new OrchestratorError(code, 'no')))
        .addEdge(START, 'only')
        .addEdge('only', END)
        .compile({ checkpointer: new FencedSaver(world.pool, (id) => driver.driverOf(id)) });
      let why: unknown;
      const driver: Driver = new Driver({
        refused: (error) => {
          why = error;
        },
        threads,
        waits: new Waits(world.pool),
        flows: { engineering: graph, deploy: graph } as unknown as Record<ThreadKind, Flow>,
        endings: { giveUp: () => Promise.reject(new Error('no')), abandon: () => Promise.reject(new Error('no')) },
        instance: 'test',
        leaseMs: 10_000,
        concurrency: 1,
        logger: silentLogger,
      });
      driver.nudge(threadId);
      await expect.poll(() => why).toMatchObject({ code });

      expect(await threads.take(threadId, 'peer', 1000)).toMatchObject({ failures: 0, errors: 0 });
      driver.nudge(threadId);
      expect(driver.driverOf(threadId)).toBeUndefined();
    },
  );

  it('renews the lease for as long as a step runs, under the correlation id of its thread', async () => {
    let correlationId: string | undefined;
    const graph = new StateGraph(State)
      .addNode('slow', async () => {
        await new Promise((resolve) => setTimeout(resolve, 2000));
        correlationId = currentMessage()?.correlation_id;
        return {};
      })
      .addEdge(START, 'slow')
      .addEdge('slow', END)
      .compile({ checkpointer: new FencedSaver(world.pool, (id) => driver.driverOf(id)) });
    const driver: Driver = new Driver({
      refused: () => undefined,
      threads,
      waits: new Waits(world.pool),
      flows: { engineering: graph, deploy: graph } as unknown as Record<ThreadKind, Flow>,
      endings: { giveUp: () => Promise.reject(new Error('no')), abandon: () => Promise.reject(new Error('no')) },
      instance: 'test',
      leaseMs: 1000,
      concurrency: 1,
      logger: silentLogger,
    });
    driver.nudge(threadId);
    await expect.poll(() => threads.drivable(100)).not.toContain(threadId);
    let taken = 0;
    while (driver.driverOf(threadId)) {
      if (await threads.take(threadId, 'thief', 10_000)) taken += 1;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }

    expect([taken, correlationId]).toEqual([0, 'c']);
    const { rows } = await world.pool.query('select state from langgraph.threads where thread_id = $1', [threadId]);
    expect(rows).toEqual([{ state: 'done' }]);
  });

  it('removes what has been over for a day, with its checkpoints', async () => {
    await threads.take(threadId, 'mine', 10_000);
    const saver = new FencedSaver(world.pool, () => 'mine');
    const graph = new StateGraph(State)
      .addNode('only', () => ({ done: 'yes' }))
      .addEdge(START, 'only')
      .addEdge('only', END)
      .compile({ checkpointer: saver });
    await graph.invoke({ epoch: 1 }, { configurable: { thread_id: threadId }, durability: 'sync' });
    await threads.finish(threadId, 'mine');
    expect(await threads.purge(24 * 3_600_000, 100)).toBe(0);
    await world.pool.query(
      `update langgraph.threads set finished_at = now() - interval '2 days' where thread_id = $1`,
      [threadId],
    );

    expect(await threads.purge(24 * 3_600_000, 100)).toBe(1);
    expect(await checkpoints()).toBe(0);
    expect(await threads.hasEnded(threadId)).toBeUndefined();
  });
});
