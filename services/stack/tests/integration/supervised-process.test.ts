import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { identityOf, isStopped } from '@codegen/sdk/processes';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { type ProcessPlan, SupervisedProcess } from '../../src/supervised-process.js';

const FIXTURE = join(import.meta.dirname, '..', 'fixtures', 'short-lived.js');

describe('a supervised process', () => {
  let temp: Awaited<ReturnType<typeof tempFolder>>;
  let file: string;
  let ends: [string, number][];
  let running: SupervisedProcess[];
  beforeEach(async () => {
    temp = await tempFolder();
    file = join(temp.path, 'starts');
    ends = [];
    running = [];
    await writeFile(file, '');
  });
  afterEach(async () => {
    await Promise.all(running.map((one) => one.stop(0)));
    await temp.remove();
  });

  function supervise(how = 'stays', plan: Partial<ProcessPlan> = {}): SupervisedProcess {
    const supervised = new SupervisedProcess({
      argv: [process.execPath, FIXTURE, file, how],
      options: { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
      deathSignal: 'SIGKILL',
      ready: (child) => once(child, 'message'),
      onEnd: (...end) => ends.push(end),
      ...plan,
    });
    running.push(supervised);
    return supervised;
  }
  const pids = async () => (await readFile(file, 'utf8')).trimEnd().split('\n').filter(Boolean).map(Number);
  const starts = (count: number) => waitFor(`${count} starts`, async () => (await pids()).length >= count);

  it('restarts when it is killed, and not when it is stopped', async () => {
    const supervised = supervise();
    await supervised.firstTry;
    process.kill((await pids())[0] as number, 'SIGKILL');
    await starts(2);
    expect(ends).toEqual([['SIGKILL', 100]]);
    expect(await supervised.stop(5000)).toEqual({ code: null, signal: 'SIGTERM' });
    expect(identityOf((await pids())[1] as number).startTime).toBe('');
    expect(await pids()).toHaveLength(2);
  });

  it('waits longer before each next try if it does not start, and reports that', async () => {
    const supervised = supervise('fails');
    await expect(supervised.firstTry).rejects.toThrow('exit code 3');
    await waitFor('three ends', () => ends.length >= 3);
    expect(ends.slice(0, 3)).toEqual([100, 200, 400].map((ms) => ['exit code 3', ms]));
    await supervised.stop();
    expect(await pids()).toHaveLength(ends.length);
  });

  it('is retried if there is no such program', async () => {
    const supervised = supervise('', { argv: [join(temp.path, 'missing')] });
    await expect(supervised.firstTry).rejects.toThrow();
    await waitFor('a second try', () => ends.length >= 2);
  });

  it('is killed and retried if it does not report in time that it is up', async () => {
    await expect(supervise('silent', { readyMs: 1000 }).firstTry).rejects.toThrow('SIGKILL: it was not up within 1 s');
    await starts(2);
  });

  it('goes on after SIGSTOP, and reports that', async () => {
    const news: string[] = [];
    const supervised = supervise('stays', { onNews: (what) => news.push(what) });
    await supervised.firstTry;
    const [pid] = (await pids()) as [number];
    process.kill(pid, 'SIGSTOP');
    await waitFor('the report', () => news.length > 0);
    expect(news).toEqual(['was stopped by a signal and goes on']);
    await waitFor('it to go on', () => !isStopped(pid));
    expect(await pids()).toEqual([pid]);
  });

  it('reports that it runs again after an end', async () => {
    const news: string[] = [];
    const supervised = supervise('stays', { onNews: (what) => news.push(what) });
    await supervised.firstTry;
    expect(news).toEqual([]);
    process.kill((await pids())[0] as number, 'SIGKILL');
    await waitFor('it to be back', () => news.length > 0);
    expect(news).toEqual(['runs again']);
  });

  it('does not restart after its last end', async () => {
    const supervised = supervise('fails', { isLast: ({ code }) => code === 3 });
    expect(await supervised.ended).toEqual({ code: 3, signal: null });
    expect(ends).toEqual([]);
  });

  it('is killed if it does not stop in time', async () => {
    const supervised = supervise('ignores-sigterm');
    await supervised.firstTry;
    expect(await supervised.stop(200)).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('is ended by the next start if it was left behind', async () => {
    const pidFile = join(temp.path, 'pid');
    const left = spawn(process.execPath, [FIXTURE, file], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    await once(left, 'message');
    await writeFile(pidFile, JSON.stringify(identityOf(left.pid as number)));
    await supervise('stays', { pidFile }).firstTry;
    expect(left.signalCode).toBe('SIGTERM');
    expect(JSON.parse(await readFile(pidFile, 'utf8'))).toMatchObject({ pid: (await pids())[1] });
  });
});
