import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tempFolder } from '../support/temp-folder.js';
import { processesIn, root, XDG_CACHE_HOME } from './support/system.js';

let temp: Awaited<ReturnType<typeof tempFolder>>;
let pipe: string;
beforeAll(async () => {
  temp = await tempFolder('codegen-usage');
  pipe = join(temp.path, 'pipe');
  execFileSync('mkfifo', [pipe]);
});
afterAll(() => temp.remove());

/** Runs a program of bin/ as a person does, to its end. */
async function run(program: string, args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(join(root, 'bin', program), args, {
    cwd: temp.path,
    env: { PATH: process.env.PATH, HOME: temp.path, XDG_CACHE_HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err] = [child.stdout, child.stderr].map((stream) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    return () => Buffer.concat(chunks).toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout: out?.() ?? '', stderr: err?.() ?? '' };
}

describe('help', () => {
  it.each(['up', 'demo', 'test', 'check', 'set-up', 'bench'])('of bin/%s says how it is used', async (program) => {
    for (const flag of ['--help', '-h']) {
      const { code, stdout, stderr } = await run(program, [flag]);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toContain(`Usage: bin/${program}`);
      expect(stdout).not.toMatch(/^#|set -euo/m);
      // It is not wrapped: it fits a narrow terminal as it is.
      expect(stdout.split('\n').filter((line) => line.length > 60)).toEqual([]);
    }
  });

  it('of bin/up names every flag that it takes', async () => {
    const { stdout } = await run('up', ['--help']);
    const source = await readFile(join(root, 'services', 'stack', 'src', 'config.ts'), 'utf8');
    const flags = [...source.matchAll(/^ {8}'?([a-z-]+)'?: \{ type: 'string' \}/gm)].map(([, name]) => `--${name}`);
    expect(flags.length).toBeGreaterThan(5);
    for (const flag of flags) expect(stdout).toContain(`  ${flag} `);
  });
});

it('the command line of the checkout names itself in its hints as it was called', async () => {
  const paste = async (line: string) => {
    const child = spawn('bash', ['-c', line], { cwd: root, env: { PATH: process.env.PATH, HOME: temp.path } });
    const chunks: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(child, 'close');
    return Buffer.concat(chunks).toString();
  };
  expect(await paste('bin/orchestrator project list')).toMatch(/^Try: bin\/orchestrator up$/m);
  expect(await paste('cd docs && ../bin/orchestrator --help')).toMatch(/^Next: \.\.\/bin\/orchestrator TOPIC --help$/m);
  expect(await paste('PATH="$PWD/bin:$PATH"; cd /; orchestrator project list')).toMatch(/^Try: orchestrator up$/m);
});

// Only root may become somebody else.
it.runIf(process.getuid?.() === 0)(
  'an account that may not write to the checkout runs what is set up in it',
  async () => {
    await run('set-up', []);
    const line = ['--reuid=65534', '--regid=65534', '--clear-groups', join(root, 'bin', 'set-up')];
    const env = { PATH: process.env.PATH, HOME: '/nowhere' };
    const child = spawn('setpriv', line, { cwd: '/', env, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    const [code] = (await once(child, 'close')) as [number | null];
    expect([code, Buffer.concat(chunks).toString()]).toEqual([0, '']);
  },
);

describe('invalid input is explained in a sentence, with exit code 2', () => {
  it.each([
    ['up', ['--bogus'], "Unknown option '--bogus'"],
    ['up', ['--deploy-ports', 'abc'], '--deploy-ports must be FROM-TO, two ports from 1 to 65535'],
    ['up', ['--deploy-ports', '20000-19000'], '--deploy-ports must be FROM-TO'],
    ['up', ['--template-dir', '/nowhere'], 'the template /nowhere (--template-dir) is not a folder'],
    ['demo', ['--bogus'], "Unknown option '--bogus'"],
    ['test', ['--bogus'], 'Unknown option `--bogus`'],
    ['check', ['--bogus'], 'bin/check takes no arguments'],
    ['set-up', ['bogus'], 'bin/set-up has no part bogus'],
  ])('bin/%s %j', async (program, args, sentence) => {
    const { code, stdout, stderr } = await run(program, args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(sentence);
    expect(stderr).toContain(`Try: bin/${program} --help`);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('bin/demo with a pipe without a writer', async () => {
    const { code, stderr } = await run('demo', ['--spec-file', pipe]);
    expect(code).toBe(2);
    expect(stderr).toContain(`${pipe} is a named pipe, not a regular file`);
  });

  it('bin/up with an invalid variable, a port in use, and an agents file that is a pipe', async () => {
    const level = await run('up', [], { LOG_LEVEL: 'bogus' });
    expect(level.code).toBe(2);
    expect(level.stderr).toMatch(/^LOG_LEVEL must be one of /);

    const agents = await run('up', ['--agents-file', pipe]);
    expect([agents.code, agents.stdout]).toEqual([2, '']);
    expect(agents.stderr).toContain('it is a named pipe, not a regular file');

    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const taken = await run('up', ['--data-dir', join(temp.path, 'data'), '--port', String(port)]);
    server.close();
    expect([taken.code, taken.stdout]).toEqual([2, '']);
    expect(taken.stderr).toMatch(
      new RegExp(`^the port ${port} \\(--port\\) is in use by another program: .*\nTry: bin/up --help`),
    );
    expect(await processesIn(temp.path)).toEqual([]);
  });
});
