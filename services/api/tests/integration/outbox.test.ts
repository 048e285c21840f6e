import type { CreatedTask, OutboxEntry } from '@codegen/contracts';
import { expect, test } from 'vitest';
import { onBothDatabases } from '../support/both-databases.js';

onBothDatabases('outbox', (api, database) => {
  /** Makes it that much later for a task, by the database's clock. */
  const letPass = (task: CreatedTask, seconds: number) =>
    database.sql(
      `update tasks set publish_after = publish_after - $2 * interval '1 second',
        published_at = published_at - $2 * interval '1 second' where id = $1`,
      [task.task.id, seconds],
    );
  const outbox = async (): Promise<OutboxEntry[]> => (await api.admin.ok('GET', '/outbox?limit=500')).items;
  const waits = async (task: CreatedTask) => (await outbox()).some((one) => one.task_id === task.task.id);
  const published = ({ task, message }: CreatedTask) =>
    api.admin.ok('POST', `/tasks/${task.id}/published`, { request_id: message.request_id });

  test('a message waits for its creator for a second, then for the relay, to the letter', async () => {
    const user = await api.user();
    const created = await user.startEngineering((await user.createProject()).id);
    expect(await waits(created)).toBe(false);
    await letPass(created, 1);
    const entry = (await outbox()).find((one) => one.task_id === created.task.id);
    expect(entry).toEqual({ task_id: created.task.id, stream: 'engineering:queue', message: created.message });
    expect(JSON.stringify(entry?.message)).toBe(JSON.stringify(created.message));
  });

  test('a published message comes again while unclaimed: after 30 s, 60 s, 120 s …, at most 32 min', async () => {
    const user = await api.user();
    const created = await user.startEngineering((await user.createProject()).id);
    const pauses = [];
    for (let i = 0; i < 8; i += 1) {
      await published(created);
      expect(await waits(created)).toBe(false);
      const [row] = await database.sql<{ pause: number }>(
        'select extract(epoch from publish_after - published_at)::int as pause from tasks where id = $1',
        [created.task.id],
      );
      pauses.push(row?.pause ?? 0);
      await letPass(created, (row?.pause ?? 0) - 15);
      expect(await waits(created)).toBe(false);
      await letPass(created, 15);
      expect(await waits(created)).toBe(true);
    }
    expect(pauses).toEqual([30, 60, 120, 240, 480, 960, 1920, 1920]);
  });

  test('a claimed or ended task is not published', async () => {
    const [user, service] = [await api.user(), await api.service()];
    const created = await user.startEngineering((await user.createProject()).id);
    await letPass(created, 10);
    await service.claim(created);
    expect(await waits(created)).toBe(false);
    await service.finish(created, 'failed');
    expect(await waits(created)).toBe(false);
  });

  test('a task behind another one is left out, and comes at once when that one ends', async () => {
    const [user, service] = [await api.user(), await api.service()];
    const { id } = await user.createProject();
    const [first, second] = [await user.startEngineering(id), await user.startEngineering(id)];
    for (const task of [first, second]) await letPass(task, 1);
    expect([await waits(first), await waits(second)]).toEqual([true, false]);
    await published(second);
    await service.claim(first);
    await letPass(second, 3600);
    expect(await waits(second)).toBe(false);
    await published(second);
    await service.finish(first);
    expect(await waits(second)).toBe(true);
  });

  test('a cancelled task in line is published at once, and so is the one behind it', async () => {
    const user = await api.user();
    const { id } = await user.createProject();
    const [first, second] = [await user.startEngineering(id), await user.startEngineering(id)];
    for (const task of [first, second]) await published(task);
    await user.ok('POST', `/tasks/${first.task.id}/cancel`);
    expect([await waits(first), await waits(second)]).toEqual([true, true]);
  });

  test('a running task that is to be cancelled, or that an administrator fails, is published once more, at once', async () => {
    const [user, service] = [await api.user(), await api.service()];
    const [first, second] = await Promise.all(
      [1, 2].map(async () => user.startEngineering((await user.createProject()).id)),
    );
    for (const task of [first, second] as CreatedTask[]) {
      await published(task);
      await service.claim(task);
      await letPass(task, 3600);
      expect(await waits(task)).toBe(false);
    }
    await user.ok('POST', `/tasks/${first?.task.id}/cancel`);
    await api.admin.ok('POST', `/tasks/${second?.task.id}/fail`, { reason: 'the machine is gone' });
    for (const task of [first, second] as CreatedTask[]) {
      expect(await waits(task)).toBe(true);
      await published(task);
      await letPass(task, 3600);
      expect(await waits(task)).toBe(false);
    }
  });

  test('whoever waits at an empty outbox hears of a request to cancel at once', async () => {
    const [user, service] = [await api.user(), await api.service()];
    const created = await user.startEngineering((await user.createProject()).id);
    await service.claim(created);
    await database.sql('update tasks set publish_after = null where publish_after is not null');
    const startMs = performance.now();
    const waiting = api.admin.ok<{ items: OutboxEntry[] }>('GET', '/outbox?wait_ms=30000');
    await user.ok('POST', `/tasks/${created.task.id}/cancel`);
    expect((await waiting).items).toMatchObject([{ task_id: created.task.id, message: created.message }]);
    expect(performance.now() - startMs).toBeLessThan(20_000);
  });

  test('noting the message of an earlier attempt changes nothing', async () => {
    const [user, service] = [await api.user(), await api.service()];
    const created = await user.startEngineering((await user.createProject()).id);
    await service.claim(created);
    await service.finish(created, 'failed');
    const retried = await user.ok<CreatedTask>('POST', `/tasks/${created.task.id}/retry`);
    await letPass(retried, 1);
    await published(created);
    expect(await waits(retried)).toBe(true);
    const { status } = await user.call('POST', `/tasks/${retried.task.id}/published`, {
      request_id: retried.message.request_id,
    });
    expect(status).toBe(204);
    expect(await waits(retried)).toBe(false);
  });

  test('unstarted is what was published and nobody is known to have begun, page by page', async () => {
    const [user, service] = [await api.user(), await api.service()];
    const { id } = await user.createProject();
    const [first, behind] = [await user.startEngineering(id), await user.startEngineering(id)];
    const other = await user.startEngineering((await user.createProject()).id);
    const mine = [first, behind, other].map(({ task }) => task.id);
    const unstarted = async () => {
      const found: string[] = [];
      for (let after = ''; ; after = found.at(-1) as string) {
        const query = `limit=1${after && `&after=${after}`}`;
        const { items } = await service.ok<{ items: OutboxEntry[] }>('GET', `/outbox/unstarted?${query}`);
        if (items.length === 0) return found.filter((one) => mine.includes(one));
        found.push(...items.map((one) => one.task_id));
      }
    };
    expect(await unstarted()).toEqual([]);
    for (const task of [first, behind, other]) await published(task);
    expect(await unstarted()).toEqual([first.task.id, other.task.id]);
    await service.claim(first);
    expect(await unstarted()).toEqual([first.task.id, other.task.id]);
    await began(first);
    expect(await unstarted()).toEqual([other.task.id]);
    await service.finish(first, 'failed');
    expect(await unstarted()).toEqual([other.task.id]);
    await published(behind);
    expect(await unstarted()).toEqual([behind.task.id, other.task.id]);
  });

  test('untold is what ended a while ago without an event that says so', async () => {
    const [user, service] = [await api.user(), await api.service()];
    const created = await user.startEngineering((await user.createProject()).id);
    const untold = async (olderThanMs: number) => {
      const path = `/outbox/untold?limit=500&older_than_ms=${olderThanMs}`;
      const { items } = await service.ok<{ items: CreatedTask[] }>('GET', path);
      return items.find(({ task }) => task.id === created.task.id);
    };
    await service.claim(created);
    await began(created);
    expect(await untold(0)).toBeUndefined();
    await service.finish(created, 'failed');
    expect(await untold(60_000)).toBeUndefined();
    expect(await untold(0)).toMatchObject({ message: created.message, task: { status: 'failed' } });
    await began(created, 'failed');
    expect(await untold(0)).toBeUndefined();
    expect(await user.refused('GET', '/outbox/untold?older_than_ms=0')).toBe('403 FORBIDDEN');
  });

  const began = ({ task, message }: CreatedTask, type = 'started') => {
    const event = { type, request_id: message.request_id, task_id: task.id };
    return api.admin.ok('POST', '/events', { events: [{ entry_id: `${type} ${task.id}`, event }] });
  };
});
