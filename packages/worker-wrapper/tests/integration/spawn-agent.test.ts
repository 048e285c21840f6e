import { expect, it } from 'vitest';
import { MARKER, spawnAgent } from '../../src/spawn-agent.js';
import { processesWith } from '../support/processes.js';

it('an error while reading the output fails the run and ends the agent; the worker continues', async () => {
  const marker = `w-poison-${process.pid}/r1`;
  const run = spawnAgent({
    command: [process.execPath, '-e', 'console.log("poison"); setInterval(() => {}, 1000)'],
    env: { PATH: process.env.PATH as string, [MARKER]: marker },
    cwd: process.cwd(),
    prompt: '',
    reader: {
      finished: false,
      line: () => {
        throw new Error('a poisoned line');
      },
      report: () => ({ ended: false }),
    },
    timeoutMs: 60_000,
    graceMs: 500,
    lingerMs: 1000,
    onProgress: () => undefined,
    onLine: () => undefined,
    clean: (line: string) => line,
    signal: new AbortController().signal,
  });
  await expect(run).rejects.toThrow('a poisoned line');
  expect(await processesWith(`${MARKER}=${marker}`)).toEqual([]);
});
