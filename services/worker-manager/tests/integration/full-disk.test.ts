import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canMount } from '../../../../tests/support/namespaces.js';
import { type SmallDisk, smallDisk } from '../../../../tests/support/small-disk.js';
import { startBench } from '../support/bench.js';

describe.runIf(canMount)('a full disk of the workers', () => {
  let bench: Awaited<ReturnType<typeof startBench>>;
  let disk: SmallDisk;
  beforeEach(async () => {
    bench = await startBench();
    disk = await smallDisk(64);
  });
  afterEach(async () => {
    await bench.stop();
    await disk.remove();
  });

  const FULL = /^the disk of worker-manager on \S+ is full \(ENOSPC\): make room there$/;

  // At nothing left not even its record can be kept; with a little, it is its folder that is refused.
  it.each([0, 1024 * 1024])('refuses a worker as the fault of the machine, with %i bytes left', async (left) => {
    await bench.start({ workersDir: disk.path });
    await disk.fill(left);
    const requestId = randomUUID();
    const worker = await bench.create('writes-file', {}, requestId);
    const turn = await bench.input(worker, 'Write this', { task_id: 'task_1' });

    expect(await bench.output(turn)).toMatchObject({
      status: 'failed',
      reason: 'spawn_failed',
      system_fault: expect.stringMatching(FULL),
    });
    expect(await bench.response(requestId)).toMatchObject({ success: false, error: expect.stringMatching(FULL) });
    expect((await readdir(disk.path)).filter((name) => name.startsWith('w-'))).toEqual([]);

    // A turn that comes late is told the same.
    const late = await bench.input(worker, 'Write this', { task_id: 'task_1' });
    expect(await bench.output(late)).toMatchObject({ system_fault: expect.stringMatching(FULL) });

    await disk.makeRoom();
    const next = await bench.input(await bench.create('writes-file'), 'Write this', { task_id: 'task_1' });
    expect(await bench.output(next)).toMatchObject({ status: 'success' });
  });
});
