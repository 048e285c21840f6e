import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PackedCli, packedCli } from '../../../../tests/support/packed-cli.js';
import type { FakeApi } from '../../../sdk/tests/support/fake-api.js';
import { type Machine, makeSystem } from '../support/run-cli.js';

const HOOK = join(import.meta.dirname, '../fixtures/log-chunks.cjs');
/** What takes long to load, or nothing but a few commands needs. */
const HEAVY = ['ioredis', 'undici', 'ajv', 'listr2', 'execa', 'dockerode', '@modelcontextprotocol/sdk', 'pino'];

let packed: PackedCli;
let fake: FakeApi;
let machine: Machine;
let stop: () => Promise<void>;
let packages: Record<string, string[]>;
beforeAll(async () => {
  packed = await packedCli();
  ({ fake, machine, stop } = await makeSystem({ bin: packed.bin }));
  packages = JSON.parse(await readFile(join(packed.package, 'lib', 'packages.json'), 'utf8'));
});
afterAll(async () => {
  await stop();
  await packed.remove();
});

/** Names of the third-party packages in the chunks that an installed command line runs. */
async function packagesOf(args: readonly string[], env: Record<string, string> = {}): Promise<string[]> {
  const CHUNKS = join(machine.folder, `chunks-${args.join('-').replaceAll(/\W/g, '')}`);
  await machine.run(args, { env: { ...env, CHUNKS, NODE_OPTIONS: `--require=${HOOK}` } });
  const chunks = (await readFile(CHUNKS, 'utf8').catch(() => '')).split('\n').filter((name) => name !== '');
  return [...new Set(chunks.flatMap((name) => packages[name] ?? [`the unknown ${name}`]))];
}

describe('the installed command line', () => {
  it.each(['--version', '--help', '--version --json', '--help --json', 'project list --help', 'task --help'])(
    'loads nothing for %s',
    async (line) => {
      expect(await packagesOf(line.split(' '))).toEqual([]);
    },
  );

  it('loads nothing for --version in a terminal, where help has its width and colours', async () => {
    const inTerminal = async (flag: string) => {
      const CHUNKS = join(machine.folder, `chunks-in-terminal${flag}`);
      const command = `"${process.execPath}" --require="${HOOK}" "${packed.bin}" ${flag}`;
      const env = { PATH: process.env.PATH, TERM: 'xterm', CHUNKS };
      const { stdout } = await promisify(execFile)('script', ['-qec', command, '/dev/null'], { env });
      return { stdout, loaded: await readFile(CHUNKS, 'utf8').catch(() => '') };
    };
    const version = { stdout: `orchestrator 0.1.0 (node ${process.version})\r\n`, loaded: '' };

    expect(await inTerminal('--version')).toEqual(version);
    expect((await inTerminal('--help')).loaded).toContain('main.js');
  });

  it('makes the schemas of what a command speaks of, and no others', async () => {
    const read = (file: string) => readFile(join(packed.package, 'lib', file), 'utf8');
    // Files of what ran for `contracts schema` and `project list` when the package was built.
    const [nothing, list] = await Promise.all([read('start-1.js'), read('start-2.js')]);

    expect(list).toContain('projectManifest');
    expect(nothing + list).not.toMatch(/claimedTask|createWorkerCommand|engineeringMessage|apiKeyRole/);
  });

  it('loads nothing heavy for a command that only speaks HTTP', async () => {
    const loaded = await packagesOf(['project', 'list', '--json']);

    expect(loaded).toContain('@oclif/core');
    expect(loaded).toContain('zod');
    expect(loaded.filter((name) => HEAVY.includes(name))).toEqual([]);
  });

  it('loads not even the schemas to print a published one', async () => {
    const loaded = await packagesOf(['contracts', 'schema', 'Project']);

    expect(loaded).toContain('@oclif/core');
    expect(loaded.filter((name) => [...HEAVY, 'zod'].includes(name))).toEqual([]);
  });

  it('loads no live view to follow a task without a terminal', async () => {
    await machine.run(['engineering', 'start', '--project', 'todo-api', '--spec', 'x']);
    fake.end(fake.onlyTask(), 'completed');

    expect(await packagesOf(['engineering', 'wait', fake.onlyTask()])).not.toContain('listr2');
  });

  it('loads what is heavy where it is used, which this test would notice', async () => {
    const redis = { ORCHESTRATOR_REDIS_URL: 'redis://127.0.0.1:9' };

    expect(await packagesOf(['diagnose', 'redis', '--json'], redis)).toContain('ioredis');
  });
});
