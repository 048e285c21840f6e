import { taskEvents } from '@codegen/contracts';
import type { Api } from '@codegen/sdk/api';
import { connectQueue, connectRedis, publish, reportProgress, silentLogger } from '@codegen/sdk/queue';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startRedis } from '../../../../tests/support/redis.js';
import { recordEvents } from '../../src/event-recorder.js';
import { World } from '../support/world.js';

describe('the event recorder', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open('PostgreSQL');
  });
  afterEach(() => world.reset());
  afterAll(() => world.close());

  const newTask = async () => {
    const project = await world.scaffoldedProject();
    return (await world.api.tasks.create({ project: project.id, type: 'deploy' })).task;
  };
  const said = (task_id: string, message: string) => ({
    type: 'progress' as const,
    request_id: 'r',
    task_id,
    message,
    current_step: 'develop',
  });

  it('brings hundreds of events to the API in the order of the stream, with two replicas', async () => {
    const task = await newTask();
    const messages = Array.from({ length: 700 }, (_, index) => `event ${index}`);
    await Promise.all([world.startReplica(), world.startReplica()]);
    for (const message of messages) await publish(world.redis, taskEvents, said(task.id, message));

    await expect
      .poll(async () => (await world.api.tasks.get(task.id)) && (await world.events(task)).length, { timeout: 20_000 })
      .toBe(700);
    const events = await world.events(task);
    expect(events.map((event) => event.message)).toEqual(messages);
    expect(events.map((event) => event.seq)).toEqual(messages.map((_, index) => index + 1));
    await expect.poll(() => world.redis.xlen('task:events')).toBe(0);
  });

  it('keeps a poison event from holding up the rest', async () => {
    const task = await newTask();
    await publish(world.redis, taskEvents, said(task.id, 'before'));
    await world.redis.xadd('task:events', '*', 'data', '{"type":"nonsense"}');
    await publish(world.redis, taskEvents, said('task_of_nobody', 'unknown task'));
    await publish(world.redis, taskEvents, { ...said(task.id, 'no task'), task_id: null });
    await publish(world.redis, taskEvents, said(task.id, 'after'));
    await world.startReplica();

    await expect
      .poll(async () => (await world.events(task)).map((event) => event.message))
      .toEqual(['before', 'after']);
    await expect.poll(() => world.redis.xlen('task:events')).toBe(0);
    expect(await world.redis.xlen('task:events:dlq')).toBe(1);
  });

  it('keeps an event that the API fails at from holding up the rest of its batch', async () => {
    const task = await newTask();
    await world.pool.query(
      `create function refuse_event() returns trigger language plpgsql as $$
       begin
         if new.event::text like '%poison%' then raise exception 'an index is broken' using errcode = 'XX002'; end if;
         return new;
       end $$;
       create trigger refuse_event before insert on task_events for each row execute function refuse_event()`,
    );
    for (const message of ['before', 'poison', 'after']) await publish(world.redis, taskEvents, said(task.id, message));
    await world.startReplica();

    await expect
      .poll(async () => (await world.events(task)).map((event) => event.message), { timeout: 15_000 })
      .toEqual(['before', 'after']);
    await world.reset();
    await world.pool.query('drop trigger refuse_event on task_events; drop function refuse_event');
    await world.redis.del('task:events', '{task:events}:delayed');
  });

  it('adds events to the callback stream too', async () => {
    const task = await newTask();
    await world.startReplica();
    await reportProgress(world.redis, { ...said(task.id, 'for all'), callback_stream: `task_progress:${task.id}` });

    await expect.poll(() => world.redis.xlen(`task_progress:${task.id}`)).toBe(1);
    await expect.poll(async () => (await world.events(task)).length).toBe(1);
  });

  it('hands the role on when the replica that has it stops', async () => {
    const task = await newTask();
    const first = await world.startReplica();
    await publish(world.redis, taskEvents, said(task.id, 'one'));
    await expect.poll(async () => (await world.events(task)).length).toBe(1);
    await world.startReplica();
    world.replicas.splice(world.replicas.indexOf(first), 1);
    await first.stop();
    await publish(world.redis, taskEvents, said(task.id, 'two'));

    await expect.poll(async () => (await world.events(task)).length, { timeout: 5000 }).toBe(2);
  });
});

it('a batch that breaks in a way that nobody thought of takes no later one along', async () => {
  const server = await startRedis();
  const redis = connectRedis(server.url);
  const queue = connectQueue(server.url);
  const recorded: unknown[] = [];
  const record = (async ({ events }) => {
    // Not even its text can be had.
    if (events.some(({ event }) => event.message === 'poison')) throw Object.create(null);
    recorded.push(...events.map(({ event }) => event.message));
    return { recorded: events.length };
  }) as Api['events']['record'];
  const recorder = recordEvents({
    api: { events: { record } } as Pick<Api, 'events'>,
    consumer: { queue, consumer: 'one', service: 'langgraph', leaseMs: 5000, logger: silentLogger },
  });
  const say = (message: string) =>
    publish(redis, taskEvents, { type: 'progress', request_id: 'r', task_id: 't', message, current_step: 'develop' });
  try {
    await say('poison');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await say('after');
    await expect.poll(() => recorded).toEqual(['after']);
  } finally {
    await recorder.stop();
    await queue.close();
    redis.disconnect();
    await server.stop();
  }
});
