import { execFile } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { transform } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PackedCli, packedCli } from '../../../../tests/support/packed-cli.js';
import { type FakeApi, TOKEN } from '../../../sdk/tests/support/fake-api.js';
import { type Ended, envelopeOf, type Machine, makeMachine, makeSystem } from '../support/run-cli.js';

const root = resolve(import.meta.dirname, '..', '..', '..', '..');

let packed: PackedCli;
let fake: FakeApi;
let machine: Machine;
let stop: () => Promise<void>;
beforeAll(async () => {
  packed = await packedCli();
  const system = await makeSystem({ bin: packed.bin });
  ({ fake, machine, stop } = system);
});
afterAll(async () => {
  await stop();
  await packed.remove();
});

const run = (...args: string[]): Promise<Ended> => machine.run(args);

describe('the packed command line, installed in an empty folder without a registry', () => {
  it('brings the licence of everything that is bundled in it, and bundles nothing under another kind', async () => {
    const bundled: Record<string, string[]> = JSON.parse(
      await readFile(join(packed.package, 'lib', 'packages.json'), 'utf8'),
    );
    const text = await readFile(join(packed.package, 'THIRD-PARTY-LICENSES'), 'utf8');
    const [, ...parts] = text.split(/^-{80}\n/m);
    const titles = parts
      .filter((_, at) => at % 2 === 0)
      .map((title) => /^(\S+) (\d\S+) \((\S+)\)\n$/.exec(title) ?? []);

    expect([...new Set(titles.map(([, name]) => name))].sort()).toEqual(
      [...new Set(Object.values(bundled).flat())].sort(),
    );
    expect([...new Set(titles.map(([, , , licence]) => licence))].sort()).toEqual([
      'Apache-2.0',
      'BSD-3-Clause',
      'ISC',
      'MIT',
    ]);
    expect(parts.filter((part, at) => at % 2 === 1 && part.length < 500)).toEqual([]);
    expect(text).not.toContain(root);
  });

  it('depends on nothing, and brings its readme and changelog', async () => {
    const read = (file: string) => readFile(join(packed.package, file), 'utf8');
    const manifest = JSON.parse(await read('package.json')) as object;

    expect(manifest).toMatchObject({ name: '@codegen/orchestrator-cli', bin: { orchestrator: expect.any(String) } });
    for (const kind of ['dependencies', 'peerDependencies', 'optionalDependencies', 'scripts']) {
      expect(manifest).not.toHaveProperty(kind);
    }
    expect(await read('README.md')).toContain('npm install');
    expect(await read('README.md')).toContain('](docs/cli.md)');
    expect(await read('docs/cli.md')).toContain('## Exit codes');
    expect(await read('CHANGELOG.md')).toContain('Unreleased');
  });

  it('is executable by the name that npm gives it', async () => {
    const { stdout } = await promisify(execFile)(packed.bin, ['--version']);

    expect(stdout).toBe(`orchestrator 0.1.0 (node ${process.version})\n`);
  });

  it('speaks to the API', async () => {
    const { data } = envelopeOf(await run('project', 'list', '--json'));

    expect(data.items).toMatchObject([{ name: 'todo-api' }]);
  });

  it('has the contracts with it, as documents and as schemas', async () => {
    const schema = await run('contracts', 'schema', 'EngineeringMessage');
    const list = envelopeOf(await run('contracts', 'list', '--json'));
    const lines = await machine.run(['contracts', 'validate', '--lines', '-'], {
      stdin: '{"model":"Project","json":"{}"}\n',
    });

    expect(JSON.parse(schema.stdout)).toMatchObject({ title: 'EngineeringMessage' });
    expect(list.data.queues).not.toEqual([]);
    expect(JSON.parse(lines.stdout)).toMatchObject({ ok: false });
  });

  it.each([
    ['Redis', { ORCHESTRATOR_REDIS_URL: 'redis://127.0.0.1:9' }, ['diagnose', 'redis', '--json']],
    [
      'a proxy',
      { HTTPS_PROXY: 'http://127.0.0.1:9', ORCHESTRATOR_API_URL: 'https://example.com' },
      ['project', 'list', '--json'],
    ],
  ])('finds what it needs to speak to %s in the package', async (_, env, args) => {
    const ended = await machine.run(args, { env });

    expect(ended.stdout).toMatch(/ECONNREFUSED|not available/);
    expect(ended.stdout + ended.stderr).not.toContain('BUG');
  });

  it('writes the configuration', async () => {
    const login = await machine.run(['auth', 'login', '--token-stdin', '--json'], { stdin: TOKEN });

    expect(envelopeOf(login).ok).toBe(true);
    expect(await readFile(join(machine.configFolder, 'config.json'), 'utf8')).toContain(TOKEN);
  });

  it('makes the same idempotency keys in CI as the sources do', async () => {
    const env = { CI: 'true', GITHUB_RUN_ID: '1' };
    const create = ['project', 'create', '--name', 'from-ci', '--json'];
    const bundled = envelopeOf(await machine.run(create, { env }));
    const sources = await makeMachine({ ...env, ORCHESTRATOR_API_URL: fake.url, ORCHESTRATOR_TOKEN: TOKEN });
    const unbundled = envelopeOf(await sources.run(create));
    await sources.remove();

    expect(bundled.meta.idempotency_key).toMatch(/^ci-/);
    expect(unbundled.meta.idempotency_key).toBe(bundled.meta.idempotency_key);
  });

  it('names the sources in stacks, with their lines', async () => {
    const env = { ORCHESTRATOR_DEBUG: '1', ORCHESTRATOR_API_URL: 'http://127.0.0.1:9' };
    const { stderr } = await machine.run(['project', 'get', 'x', '--json'], { env });

    const frames = [...stderr.matchAll(/^ {4}at .*?\(?(packages\/\S+\.ts):(\d+):\d+\)?$/gm)];
    expect(frames.map(([, file]) => file)).toContain('packages/orchestrator-cli/src/commands/project/get.ts');
    const [, file = '', line] = frames.find(([, name]) => name === 'packages/sdk/src/api/request.ts') ?? [];
    const source = (await readFile(join(root, file), 'utf8')).split('\n');
    expect(source[Number(line) - 1]).toContain('new OrchestratorError');
    expect(stderr).not.toContain('orchestrator:');
  });

  it.each(['--version', '--help', 'help', 'project --help', 'engineering start --help', 'no-such-command --help'])(
    'answers %s from its files as the program itself would',
    async (line) => {
      const envs = [{}, { NO_COLOR: '1', COLUMNS: '40' }, { ALLOWED_COMMANDS: 'task.*' }, { ORCHESTRATOR_JSON: '1' }];
      for (const env of envs) {
        const quick = await machine.run(line.split(' '), { env });
        // Whoever says anything about colours is answered by the program.
        const whole = await machine.run(line.split(' '), { env: { ...env, FORCE_COLOR: '0' } });

        expect(withoutIds(quick)).toEqual(withoutIds(whole));
      }
    },
  );

  it('fails where its files cannot be printed, and standard error says why', async () => {
    const into = (rest: string) =>
      promisify(execFile)('bash', ['-c', `"$0" --version ${rest}; exit "\${PIPESTATUS[0]}"`, packed.bin]);

    await expect(into('>/dev/full')).rejects.toMatchObject({
      code: 1,
      stderr: 'Error: standard output cannot be written (ENOSPC)\nTry: df -h\n',
    });
    expect(await into('| exec true')).toEqual({ stdout: '', stderr: '' });
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('tells of a %s that comes before anything is loaded', async (SIGNAL, exitCode) => {
    const env = { SIGNAL, NODE_OPTIONS: `--require=${join(import.meta.dirname, '../fixtures/early-signal.cjs')}` };
    const ended = await machine.run(['project', 'list', '--json'], { env });

    expect(ended.code).toBe(exitCode);
    expect(envelopeOf(ended).error.exit_code).toBe(exitCode);
  });

  it.each([
    [['project', 'list'], {}],
    [['project', 'list', '--json'], {}],
    [['project', 'list'], { ORCHESTRATOR_JSON: 'yes' }],
    [['mcp'], {}],
    [['--version'], {}],
  ])('says to a Node that is too old for %j, with %j, what it needs', async (args, more) => {
    const NODE_OPTIONS = `--require=${join(import.meta.dirname, '../fixtures/old-node.cjs')}`;
    const ended = await machine.run(args, { env: { NODE_OPTIONS, ...more } });
    const said = 'Node.js v18.20.8 is too old for orchestrator: install Node.js 20.19 or newer';

    expect(ended.code).toBe(2);
    if (!args.includes('--json') && !('ORCHESTRATOR_JSON' in more)) {
      expect(ended).toMatchObject({ stdout: '', stderr: `Error: ${said} (USAGE)\nTry: node --version\n` });
      return;
    }
    expect(ended.stderr).toBe('');
    expect(envelopeOf(ended)).toEqual({
      ok: false,
      schema_version: 1,
      command: 'orchestrator',
      error: { code: 'USAGE', message: said, exit_code: 2, retryable: false },
      next: [{ command: 'node --version', when: 'to see which one runs' }],
      warnings: [],
      meta: { request_id: expect.any(String), correlation_id: expect.any(String) },
    });
  });

  it('names the oldest Node that package.json does', async () => {
    const { engines } = JSON.parse(await readFile(join(packed.package, 'package.json'), 'utf8'));
    const launcher = await readFile(packed.bin, 'utf8');

    expect(engines).toEqual({ node: '>=20.19.0' });
    expect(launcher).toContain('const OLDEST = [20, 19];');
  });

  it('begins with a file that a Node of 2018 reads, so that it can say what is needed', async () => {
    const launcher = await readFile(packed.bin, 'utf8');
    const options = { platform: 'node', format: 'cjs' } as const;
    const [asIs, forOldNode] = await Promise.all(
      ['esnext', 'node10'].map((target) => transform(launcher, { ...options, target })),
    );

    // Nothing in it had to be put in older words.
    expect(forOldNode?.code).toBe(asIs?.code);
    expect(launcher).not.toContain("'node:");
  });

  it.each([['--json'], ['--no-input']])('works in a folder that was deleted, with %s', async (flag) => {
    const gone = join(machine.folder, 'gone');
    const work = 'mkdir "$1" && cd "$1" && rmdir "$1" && shift && exec "$@"';
    const inDeleted = async (...args: string[]) => {
      const line = [work, '-', gone, process.execPath, packed.bin, ...args, flag];
      const env = {
        PATH: process.env.PATH,
        HOME: machine.folder,
        ORCHESTRATOR_CONFIG_DIR: machine.configFolder,
        ORCHESTRATOR_API_URL: fake.url,
        ORCHESTRATOR_TOKEN: TOKEN,
      };
      return await promisify(execFile)('bash', ['-c', ...line], { env }).catch((error: Ended) => error);
    };

    expect(await inDeleted('project', 'list')).toMatchObject({
      stdout: expect.stringContaining('todo-api'),
      stderr: '',
    });
    const lost = await inDeleted('engineering', 'start', '--project', 'todo-api', '--spec-file', 'spec.md');
    expect(lost).toMatchObject({ code: 2 });
    expect(lost.stdout + lost.stderr).toMatch(/spec\.md/);
  });

  it('runs without the compiled code that it came with, and with broken one', async () => {
    const folder = join(packed.package, 'lib');
    const kept = (await readdir(folder)).filter((file) => file.includes(`.js.${process.version}`));
    expect(kept.length).toBeGreaterThan(1);
    const contents = await Promise.all(kept.map((file) => readFile(join(folder, file))));
    try {
      for (const spoil of [(file: string) => writeFile(file, 'spoilt'), (file: string) => rm(file)]) {
        for (const file of kept) await spoil(join(folder, file));
        const ended = await run('project', 'list', '--json');
        expect(envelopeOf(ended).ok).toBe(true);
        expect(ended.stderr).toBe('');
      }
    } finally {
      for (const [at, file] of kept.entries()) await writeFile(join(folder, file), contents[at] as Buffer);
    }
  });
});

/** What a run came to, without the ids that are new each time. */
function withoutIds({ stdout, ...rest }: Ended): Ended {
  return { ...rest, stdout: stdout.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID') };
}
