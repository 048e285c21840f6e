import type { Api } from '@codegen/sdk/api';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { migrate } from '../../src/engine/database/migrate.js';
import type { Driver } from '../../src/engine/driver.js';
import { sweep } from '../../src/engine/sweep.js';
import { Threads } from '../../src/engine/threads.js';
import { type Conditions, Waits } from '../../src/engine/waits.js';
import { World } from '../support/world.js';

let world: World;
let waits: Waits;
beforeAll(async () => {
  world = await World.open('PGlite');
  await migrate(world.pool);
  waits = new Waits(world.pool);
});
afterAll(() => world.close());

it('a flow may wait for whatever is registered; what this version does not know holds up nothing else', async () => {
  const threads = new Threads(world.pool);
  const origin = { project_id: 'p', user_id: 0, correlation_id: 'c', callback_stream: null, epoch: 1 };
  for (const type of ['approval', 'of a later version']) {
    await threads.ensure('deploy', { request_id: type, task_id: `task of ${type}`, ...origin });
    await threads.take(type, 'driver', 60_000);
    const condition = { type, asked: 'ada' };
    const wait = {
      requestId: type,
      step: 'x',
      messages: [],
      condition,
      silence: '',
      deadlineMs: 1e8,
      cancelAfterMs: 0,
    };
    await waits.write(type, 'driver', wait, 20);
  }
  // Both tasks are under way, as far as the API says.
  const list = async function* () {
    yield* [{ request_id: 'approval' }, { request_id: 'of a later version' }];
  };
  const api = { tasks: { list } } as unknown as Api;
  const isMet = vi.fn<Conditions[string]>().mockResolvedValue(false);
  const nudge = vi.fn();
  const warn = vi.fn();
  const stopping = new AbortController();
  const sweeping = sweep(
    {
      ...{ api, redis: world.redis, threads, waits, driver: { nudge } as unknown as Driver },
      ...{
        conditions: { approval: isMet },
        answers: {},
        sweepMs: 10,
        endsEveryMs: 900,
        endLostAfterMs: 1e8,
        refused: () => undefined,
      },
      logger: { debug: () => undefined, info: () => undefined, warn, error: warn },
    },
    stopping.signal,
  );
  try {
    await vi.waitFor(() => expect(isMet.mock.calls.length).toBeGreaterThan(1), 20_000);
    expect(isMet.mock.calls[0]?.[0]).toEqual({ type: 'approval', asked: 'ada' });
    expect(await waits.resultFor('approval', 'approval')).toBeUndefined();

    isMet.mockResolvedValue(true);
    await vi.waitFor(
      async () => expect(await waits.resultFor('approval', 'approval')).toEqual({ kind: 'ready' }),
      20_000,
    );
    await vi.waitFor(() => expect(nudge).toHaveBeenCalledWith('approval'), 20_000);
    expect(await waits.resultFor('of a later version', 'of a later version')).toBeUndefined();
    expect(JSON.stringify(warn.mock.calls)).toContain('cannot look up a condition of type of a later version');
  } finally {
    stopping.abort();
    await sweeping;
  }
});
