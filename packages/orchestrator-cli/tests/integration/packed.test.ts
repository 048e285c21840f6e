import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PackedCli, packedCli } from '../../../../tests/support/packed-cli.js';
import { TOKEN } from '../../../sdk/tests/support/fake-api.js';
import { type Ended, envelopeOf, type Machine, makeSystem } from '../support/run-cli.js';

const root = resolve(import.meta.dirname, '..', '..', '..', '..');

let packed: PackedCli;
let machine: Machine;
let stop: () => Promise<void>;
beforeAll(async () => {
  packed = await packedCli();
  const system = await makeSystem({ bin: packed.bin });
  ({ machine, stop } = system);
});
afterAll(async () => {
  await stop();
  await packed.remove();
});

const run = (...args: string[]): Promise<Ended> => machine.run(args);

describe('the packed command line, installed in an empty folder without a registry', () => {
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

  it('names the sources in stacks, with their lines', async () => {
    const env = { ORCHESTRATOR_DEBUG: '1', ORCHESTRATOR_API_URL: 'http://127.0.0.1:9' };
    const { stderr } = await machine.run(['project', 'get', 'x', '--json'], { env });

    const frames = [...stderr.matchAll(/^ {4}at .*?\(?(packages\/\S+\.ts):(\d+):\d+\)?$/gm)];
    expect(frames.map(([, file]) => file)).toContain('packages/orchestrator-cli/src/commands/project/get.ts');
    const [, file = '', line] = frames.find(([, name]) => name === 'packages/sdk/src/api/request.ts') ?? [];
    const source = (await readFile(join(root, file), 'utf8')).split('\n');
    expect(source[Number(line) - 1]).toContain('new OrchestratorError');
    expect(stderr).not.toContain(packed.folder);
  });
});
