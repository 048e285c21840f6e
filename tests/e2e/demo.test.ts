import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tempFolder } from '../support/temp-folder.js';
import { waitFor } from '../support/wait-for.js';
import { shapeOf } from './support/console-blocks.js';
import { processesIn, root, XDG_CACHE_HOME } from './support/system.js';

/** bin/demo with a temporary folder of its own, so that what it leaves behind can be told. */
class DemoRun {
  readonly child;
  output = '';
  readonly closed: Promise<number | null>;

  constructor(
    private readonly temp: string,
    args: readonly string[] = [],
  ) {
    this.child = spawn(join(root, 'bin', 'demo'), args, {
      cwd: root,
      env: { PATH: process.env.PATH, HOME: temp, TMPDIR: temp, XDG_CACHE_HOME, CI: 'true' },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group of its own, as a terminal gives it: Ctrl-C goes to all of it.
      detached: true,
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
    this.closed = once(this.child, 'close').then(([code]) => code as number | null);
  }

  /** Presses Ctrl-C in its terminal. */
  interrupt(): void {
    process.kill(-(this.child.pid as number), 'SIGINT');
  }

  says(text: string): Promise<unknown> {
    return waitFor(`"${text}" in ${this.output.slice(-500)}`, () => this.output.includes(text), { timeoutMs: 60_000 });
  }

  left(): Promise<number[]> {
    return processesIn(this.temp);
  }
}

describe('bin/demo', () => {
  let temp: Awaited<ReturnType<typeof tempFolder>>;
  beforeAll(async () => {
    temp = await tempFolder('codegen-demo-test');
  });
  afterAll(() => temp?.remove());

  it('runs the main job, two at once, leaves nothing running, and says what the README shows', async () => {
    const file = join(temp.path, 'spec.md');
    await writeFile(file, '# Tides\n\n## Low water\n\nCockles & <b>mussels</b>.\n');
    const [own, other] = [new DemoRun(temp.path), new DemoRun(temp.path, ['--spec-file', file])];
    expect(await own.closed, own.output).toBe(0);
    expect(await other.closed, other.output).toBe(0);
    expect(other.output).toMatch(/Low water/);
    expect(await own.left()).toEqual([]);

    const readme = await readFile(join(root, 'README.md'), 'utf8');
    const recorded = /```console\n\$ bin\/demo\n([\s\S]*?)```/.exec(readme)?.[1] as string;
    const shapes = (text: string) => text.trim().split('\n').map(shapeOf);
    // Progress lines come as fast as they come: two runs may differ in how many there are, not in what else they say.
    const fixed = (text: string) => shapes(text).filter((line) => !line.startsWith('<time>'));
    expect(fixed(own.output)).toEqual(fixed(recorded));
    const phases = (text: string) => [
      ...new Set(
        shapes(text)
          .filter((line) => line.startsWith('<time>'))
          .map((line) => line.split(/\s+/)[1]),
      ),
    ];
    expect(phases(own.output)).toEqual(phases(recorded));
  });

  it.each([
    ['before it says anything', '', 1],
    ['while the system starts', 'Starting the system', 1],
    ['during engineering', 'develop', 1],
    ['during engineering, pressed twice', 'develop', 2],
    ['during the deploy', 'orchestrator deploy start', 1],
  ])('stops at Ctrl-C %s', async (_title, moment, times) => {
    const run = new DemoRun(temp.path);
    // The first moments are the shell's own start, before any program could listen.
    if (moment === '') await new Promise((resolve) => setTimeout(resolve, 300));
    await run.says(moment);
    for (let i = 0; i < times; i += 1) {
      run.interrupt();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await run.closed, run.output).toBe(130);
    expect(run.output.trimEnd().split('\n').at(-1)).toBe('Stopped; nothing left running.');
    expect(await run.left()).toEqual([]);
  });

  it('keeps the system up with --keep, and says how to reach and stop it', async () => {
    const run = new DemoRun(temp.path, ['--keep', '--spec', 'Kept text']);
    expect(await run.closed, run.output).toBe(0);
    const url = /URL\s+(http:\S+)/.exec(run.output)?.[1] as string;
    const pid = Number(/kill (\d+)/.exec(run.output)?.[1]);
    try {
      expect(await (await fetch(`${url}/posts`)).json()).toMatchObject([{ body: 'Kept text' }]);
      const configDir = /export ORCHESTRATOR_CONFIG_DIR=(\S+)/.exec(run.output)?.[1] as string;
      const list = spawn(join(root, 'bin', 'orchestrator'), ['project', 'list', '--json'], {
        env: { PATH: process.env.PATH, HOME: temp.path, ORCHESTRATOR_CONFIG_DIR: configDir },
      });
      const chunks: Buffer[] = [];
      list.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
      await once(list, 'close');
      expect(JSON.parse(Buffer.concat(chunks).toString())).toMatchObject({
        ok: true,
        data: { items: [{ name: 'blog' }] },
      });
    } finally {
      process.kill(pid, 'SIGTERM');
    }
    await waitFor('the system to stop', async () => (await run.left()).length === 0, { timeoutMs: 30_000 });
    const port = Number(new URL(url).port);
    const refused = await new Promise((resolve) => {
      createConnection(port, '127.0.0.1')
        .once('error', () => resolve(true))
        .once('connect', () => resolve(false));
    });
    expect(refused).toBe(true);
  });

  it.each([
    ['both texts', ['--spec', 'a', '--spec-file', 'b'], /one of them/],
    ['a file that is not there', ['--spec-file', '/nowhere.md'], /nowhere\.md cannot be read.*\nTry: /],
    ['an empty text', ['--spec', ' \n'], /empty/],
    ['a folder', ['--spec-file', '/tmp'], /is a folder/],
    ['an unknown flag', ['--speck'], /Try: bin\/demo --help/],
  ])('refuses %s with exit 2', async (_title, args, message) => {
    const run = new DemoRun(temp.path, args);
    expect(await run.closed).toBe(2);
    expect(run.output).toMatch(message);
  });
});
