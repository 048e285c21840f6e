import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { canMount } from '../../../../tests/support/namespaces.js';
import { type SmallDisk, smallDisk } from '../../../../tests/support/small-disk.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { createBareRepository } from '../support/bare-repository.js';
import { startBench } from '../support/worker.js';

describe.runIf(canMount)('a full disk', () => {
  let bench: Awaited<ReturnType<typeof startBench>>;
  let disk: SmallDisk;
  beforeAll(async () => {
    bench = await startBench();
  });
  beforeEach(async () => {
    disk = await smallDisk(64);
  });
  afterEach(() => disk.remove());
  afterAll(() => bench?.stop());

  const FULL = /^the disk of worker-manager on \S+ is full \(ENOSPC\): make room there$/;
  let count = 0;
  /** A worker on the small disk. Its agent records each run elsewhere, then runs the script. */
  function worker(script: string, env: Record<string, string> = {}) {
    count += 1;
    const runs = join(bench.folder, `runs-${count}`);
    const agent = ['/bin/sh', '-c', `cat > /dev/null; echo run >> ${runs}\n${script}`];
    return {
      worker: bench.worker(agent, { WORKER_DIR: join(disk.path, `w-${count}`), ...env }),
      task: { task_id: `task_full_${count}` },
      runs: async () => (await readFile(runs, 'utf8').catch(() => '')).split('\n').filter(Boolean).length,
    };
  }

  it('before a turn prevents the agent from running, and names the disk', async () => {
    const { worker: one, task, runs } = worker('echo work > work.txt');
    await waitFor('the worker', async () => (await one.lifecycle())[0]);
    await disk.fill();
    await one.send('before-1', 'first', task);
    const output = await one.output('before-1');
    expect(output).toMatchObject({
      status: 'failed',
      reason: 'clone_failed',
      system_fault: expect.stringMatching(FULL),
    });
    expect(await runs()).toBe(0);
    await disk.makeRoom();
    await one.send('before-2', 'first', task);
    expect(await one.output('before-2')).toMatchObject({ status: 'success', files_changed: ['work.txt'] });
    expect(await runs()).toBe(1);
  });

  it("after the agent's run: its work is committed and pushed later, without another run", async () => {
    const {
      worker: one,
      task,
      runs,
    } = worker(`echo work > work.txt; dd if=/dev/zero of=${disk.path}/ballast bs=1M 2> /dev/null; true`);
    await one.send('after-1', 'first', task);
    const output = await one.output('after-1');
    expect(output).toMatchObject({
      status: 'failed',
      reason: 'push_failed',
      system_fault: expect.stringMatching(FULL),
    });
    await one.send('after-2', 'first', task);
    expect(await one.output('after-2')).toMatchObject({ system_fault: expect.stringMatching(FULL) });
    await disk.makeRoom();
    await one.send('after-3', 'first', task);
    expect(await one.output('after-3')).toMatchObject({ status: 'success', files_changed: ['work.txt'] });
    expect(await runs()).toBe(1);
    expect(await bench.repository.git('show', `task/${task.task_id}/1:work.txt`)).toBe('work');
  });

  it('while the work is committed is the same', async () => {
    // Random bytes, so that git cannot make them small; the disk has room, but not for these twice.
    const {
      worker: one,
      task,
      runs,
    } = worker('head -c 20000000 /dev/urandom > a.bin; head -c 10 /dev/urandom > b.bin; true');
    await waitFor('the worker', async () => (await one.lifecycle())[0]);
    await disk.fill(38 * 1024 * 1024);
    await one.send('commit-1', 'first', task);
    expect(await one.output('commit-1')).toMatchObject({
      reason: 'push_failed',
      system_fault: expect.stringMatching(FULL),
    });
    await disk.makeRoom();
    await one.send('commit-2', 'first', task);
    const done = await one.output('commit-2');
    expect(done).toMatchObject({ status: 'success', files_changed: ['a.bin', 'b.bin'] });
    expect(await runs()).toBe(1);
  });

  it('that kills the agent is reported as a machine fault, also if it has space again at the end', async () => {
    const { worker: one, task } = worker(
      'dd if=/dev/zero of=big bs=1M 2> /dev/null; sleep 1; rm big; echo "dd: big: write failed" >&2; exit 1',
    );
    await one.send('dies-1', 'first', task);
    const output = await one.output('dies-1');
    expect(output).toMatchObject({ status: 'failed', reason: 'agent_failed', exit_code: 1 });
    expect(output.system_fault).toMatch(FULL);
    expect(output.error).toContain('write failed');
  });

  it('is not assumed for an agent that fails with free space, whatever it prints', async () => {
    const { worker: one, task } = worker('echo "ENOSPC: no space left on device" >&2; exit 1');
    await one.send('says-1', 'first', task);
    const output = await one.output('says-1');
    expect(output).toMatchObject({ status: 'failed', reason: 'agent_failed' });
    expect(output.system_fault ?? null).toBe(null);
  });

  it('of the repositories is reported as such, and the push is retried without another run', async () => {
    const repository = await createBareRepository(join(disk.path, 'repos'), 'local/proj_full');
    const {
      worker: one,
      task,
      runs,
    } = worker(
      `head -c 3000000 /dev/urandom > work.bin; dd if=/dev/zero of=${disk.path}/ballast bs=1M 2> /dev/null; true`,
      { WORKER_DIR: join(bench.folder, 'w-elsewhere'), REPO_URL: repository.path },
    );
    await one.send('push-1', 'first', task);
    const output = await one.output('push-1');
    expect(output).toMatchObject({ status: 'failed', reason: 'push_failed' });
    expect(output.system_fault).toMatch(/^the disk of the repositories on \S+ is full/);
    await disk.makeRoom();
    await one.send('push-2', 'first', task);
    expect(await one.output('push-2')).toMatchObject({ status: 'success', files_changed: ['work.bin'] });
    expect(await runs()).toBe(1);
  });
});
