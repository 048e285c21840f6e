import { setTimeout as sleep } from 'node:timers/promises';
import { type CreatedTask, makeId, type TaskEvent, type TaskEventPage } from '@codegen/contracts';
import { expect, test } from 'vitest';
import { onBothDatabases } from '../support/both-databases.js';
import { type Client, startTestApi } from '../support/test-api.js';

let entries = 0;

/** An event of a task in a stream entry of its own. */
function entry({ task }: CreatedTask, event: Partial<TaskEvent> = {}) {
  entries += 1;
  return { entry_id: `1700000000000-${entries}`, event: { ...eventOf(task), ...event } };
}

function eventOf(task: { id: string; request_id: string }) {
  return { type: 'progress', task_id: task.id, request_id: task.request_id, message: `event ${entries}` };
}

onBothDatabases('events', (api, database) => {
  const newTask = async () => {
    const user = await api.user();
    return { user, created: await user.startEngineering((await user.createProject()).id) };
  };
  const record = (events: object[]) => api.admin.ok('POST', '/events', { events });
  const poll = (user: Client, task: CreatedTask, query: string, signal?: AbortSignal): Promise<TaskEventPage> =>
    user.ok('GET', `/tasks/${task.task.id}/events?${query}`, undefined, signal ? { signal } : {});

  test('events get their place in order, once per stream entry', async () => {
    const { user, created } = await newTask();
    const batch = [entry(created, { type: 'started' }), entry(created, { progress_pct: 50 }), entry(created)];
    expect(await record(batch)).toEqual({ recorded: 3 });
    expect(await record(batch)).toEqual({ recorded: 0 });
    expect(await record([batch[1] as object, entry(created), ...batch])).toEqual({ recorded: 1 });
    const page = await poll(user, created, 'since=0');
    expect(page.items.map((one) => one.seq)).toEqual([1, 2, 3, 4]);
    expect(page.items[0]).toMatchObject({ type: 'started', task_id: created.task.id });
    expect(Math.abs(Date.parse(page.items[0]?.recorded_at ?? '') - Date.now())).toBeLessThan(60_000);
    expect([page.last_seq, page.task.id]).toEqual([4, created.task.id]);
    expect((await poll(user, created, 'since=2&limit=1')).items.map((one) => one.seq)).toEqual([3]);
    expect(await poll(user, created, 'since=4')).toMatchObject({ items: [], last_seq: 4 });
  });

  test('places have no gaps and no doubles when batches come at the same time', async () => {
    const { user, created } = await newTask();
    const other = await newTask();
    const shared = Array.from({ length: 10 }, () => entry(created));
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => {
        const mine = Array.from({ length: 5 }, (_unused, j) => entry((i + j) % 3 ? created : other.created));
        return record(i % 2 ? [...shared, ...mine] : [...mine, ...shared]);
      }),
    );
    const total = 10 + 67;
    const page = await poll(user, created, 'limit=1000');
    const elsewhere = await poll(other.user, other.created, 'limit=1000');
    expect(page.items.length + elsewhere.items.length).toBe(10 + 100);
    expect(page.items.length).toBe(total);
    expect(page.items.map((one) => one.seq)).toEqual(page.items.map((_, i) => i + 1));
    expect(elsewhere.items.map((one) => one.seq)).toEqual(elsewhere.items.map((_, i) => i + 1));
    expect(new Set(page.items.map((one) => one.message)).size).toBe(total);
  });

  test('a run of a task ends once, and its next run may end again', async () => {
    const { user, created } = await newTask();
    const failed = () => entry(created, { type: 'failed', error_type: 'timeout' });
    await Promise.all(Array.from({ length: 10 }, () => record([failed(), entry(created, { type: 'completed' })])));
    const ends = (await poll(user, created, '')).items;
    expect(ends).toHaveLength(1);
    const retried = { ...created, task: { ...created.task, request_id: 'the-next-run' } };
    expect(await record([entry(retried, { type: 'completed' })])).toEqual({ recorded: 1 });
    await expect(
      database.sql(
        `insert into task_events (task_id, seq, entry_id, request_id, type, event)
         values ($1, 99, 'x', 'the-next-run', 'failed', '{}')`,
        [created.task.id],
      ),
    ).rejects.toMatchObject({ constraint: 'task_events_one_end' });
  });

  test('events of no task, or of an unknown one, do not hold up the rest', async () => {
    const { user, created } = await newTask();
    const stray = [entry(created, { task_id: null }), entry(created, { task_id: makeId('task') })];
    expect(await record([...stray, entry(created)])).toEqual({ recorded: 1 });
    expect((await poll(user, created, '')).items).toHaveLength(1);
  });

  test('text that a database cannot hold is kept as far as it can be', async () => {
    const { user, created } = await newTask();
    await record([entry(created, { message: 'bell \u0007 nul \u0000 half \ud83d end', error: '☃' })]);
    expect((await poll(user, created, '')).items[0]).toMatchObject({
      message: 'bell \u0007 nul \uFFFD half \uFFFD end',
      error: '☃',
    });
  });

  test('a timestamp stays the string it was', async () => {
    const { user, created } = await newTask();
    await record([entry(created, { timestamp: '2026-01-10T12:00:00.123456' })]);
    expect((await poll(user, created, '')).items[0]?.timestamp).toBe('2026-01-10T12:00:00.123456');
  });

  test('a long poll answers as soon as an event comes', async () => {
    const { user, created } = await newTask();
    const latencies = [];
    for (let since = 0; since < 5; since += 1) {
      const polling = poll(user, created, `since=${since}&wait_ms=10000`).then((page) => ({
        page,
        atMs: performance.now(),
      }));
      await sleep(100);
      await record([entry(created)]);
      const recordedMs = performance.now();
      const { page, atMs } = await polling;
      expect(page.items.map((one) => one.seq)).toEqual([since + 1]);
      latencies.push(atMs - recordedMs);
    }
    // Far below the second after which it would have looked by itself.
    expect(latencies.sort((a, b) => a - b)[2]).toBeLessThan(300);
  });

  test("a long poll sees another process's events within about a second", async () => {
    const { user, created } = await newTask();
    const replica = await startTestApi(database);
    const polling = poll(user, created, 'wait_ms=10000');
    await sleep(100);
    const startMs = performance.now();
    await replica.admin.ok('POST', '/events', { events: [entry(created)] });
    expect((await polling).items).toHaveLength(1);
    expect(performance.now() - startMs).toBeLessThan(2500);
    await replica.stop();
  });

  test('a long poll without events answers empty when its time is up', async () => {
    const { user, created } = await newTask();
    const startMs = performance.now();
    expect(await poll(user, created, 'since=7&wait_ms=300')).toMatchObject({ items: [], last_seq: 7 });
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(290);
  });

  test('a long poll answers when the status changes, and at once when the history has ended', async () => {
    const { user, created } = await newTask();
    const service = await api.service();
    const polling = poll(user, created, 'wait_ms=10000');
    await sleep(100);
    await service.claim(created);
    expect(await polling).toMatchObject({ items: [], task: { status: 'running' } });
    await service.finish(created);
    await record([entry(created, { type: 'completed' })]);
    const startMs = performance.now();
    expect(await poll(user, created, 'since=1&wait_ms=10000')).toMatchObject({ items: [], last_seq: 1 });
    expect(performance.now() - startMs).toBeLessThan(1000);
  });

  test('a long poll that is under way when the task ends brings the event of its end, also where that comes after it', async () => {
    const { user, created } = await newTask();
    const service = await api.service();
    await service.claim(created);
    const polling = poll(user, created, 'wait_ms=10000');
    await sleep(100);
    await service.finish(created);
    await sleep(300);
    await record([entry(created, { type: 'completed' })]);
    expect((await polling).items.map((one) => one.type)).toEqual(['completed']);
  });

  test('an ended task whose end was not told yet is still waited for', async () => {
    const { user, created } = await newTask();
    const service = await api.service();
    await service.claim(created);
    await service.finish(created);
    const polling = poll(user, created, 'wait_ms=10000');
    await sleep(200);
    await record([entry(created, { type: 'completed' })]);
    expect((await polling).items.map((one) => one.type)).toEqual(['completed']);
  });

  test('a client that goes away ends its poll, and the API goes on', async () => {
    const { user, created } = await newTask();
    const gone = new AbortController();
    const polling = poll(user, created, 'wait_ms=30000', gone.signal);
    await sleep(100);
    gone.abort();
    await expect(polling).rejects.toThrow();
    await record([entry(created)]);
    expect((await poll(user, created, '')).items).toHaveLength(1);
  });

  test('stopping answers open long polls and does not wait for them', async () => {
    const { created } = await newTask();
    const replica = await startTestApi(database);
    const polls = Array.from({ length: 5 }, () => poll(replica.admin, created, 'since=3&wait_ms=30000'));
    await sleep(200);
    const startMs = performance.now();
    await replica.stop();
    expect(performance.now() - startMs).toBeLessThan(1500);
    for (const page of await Promise.all(polls)) expect(page).toMatchObject({ items: [], last_seq: 3 });
    await expect(fetch(`${replica.url}/health`)).rejects.toThrow();
  });
});
