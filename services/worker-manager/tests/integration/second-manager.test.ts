import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { startBench } from '../support/bench.js';

let bench: Awaited<ReturnType<typeof startBench>>;
let otherDir: string;
beforeEach(async () => {
  bench = await startBench();
  otherDir = join(bench.folder, 'other-workers');
  await mkdir(otherDir);
});
afterEach(() => bench.stop());

const MARK = 'worker:manager';

describe('a second manager', () => {
  it('does not start on the same folder, whatever Redis: the workers of the first one live on', async () => {
    await bench.start();
    const workerId = await bench.create('forever');
    await bench.saying(await bench.input(workerId, 'stay'), 'working');
    const wrapper = await bench.wrapper(workerId);
    const elsewhere = `${bench.server.url}/1`;
    await expect(bench.start({ redisUrl: elsewhere })).rejects.toThrow(
      `the workers folder ${bench.workersDir} is in use by process ${process.pid}: stop that worker-manager first`,
    );
    expect(await bench.wrapper(workerId)).toBe(wrapper);
    expect(await readdir(bench.workersDir)).toEqual([workerId]);
  });

  it('does not start on another folder of the same Redis, and does once the first one has stopped', async () => {
    const first = await bench.start({ instance: 'manager-a' });
    await expect(bench.start({ workersDir: otherDir })).rejects.toThrow(
      /^worker-manager manager-a serves this Redis already: .*stop that one first/,
    );
    await first.stop();
    expect(await bench.redis.exists(MARK)).toBe(0);
    await bench.start({ workersDir: otherDir });
    expect(await bench.response((await bench.create('forever')).slice(2))).toMatchObject({ success: true });
  });
});

describe('a manager that follows one which was killed', () => {
  it('starts on another folder as soon as the mark of that one ends', async () => {
    await bench.redis.set(MARK, 'killed-one elsewhere', 'PX', 1500);
    await bench.start({ workersDir: otherDir, instance: 'manager-b' });
    expect(await bench.redis.get(MARK)).toMatch(/^manager-b /);
  });

  it('starts on its folder at once: nobody else can be at work there', async () => {
    const first = await bench.start({ instance: 'manager-a' });
    const mark = (await bench.redis.get(MARK)) as string;
    await first.stop();
    await bench.redis.set(MARK, mark, 'PX', 600_000);
    await bench.start({ instance: 'manager-b' });
    expect(await bench.redis.get(MARK)).toMatch(/^manager-b /);
  });
});

describe('the mark of a manager', () => {
  it('is there again after Redis has lost it, and keeps a second one away', async () => {
    await bench.start({ instance: 'manager-a' });
    await bench.redis.flushall();
    await waitFor('the mark', async () => (await bench.redis.get(MARK))?.startsWith('manager-a '));
    await expect(bench.start({ workersDir: otherDir })).rejects.toThrow('manager-a serves this Redis already');
  });

  it('that another one has taken meanwhile ends this one', async () => {
    const { done } = await bench.start({ instance: 'manager-a' });
    await bench.redis.set(MARK, 'manager-b elsewhere');
    await expect(done).rejects.toThrow('manager-b serves this Redis already');
  });
});
