import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FakeApi } from '../../../sdk/tests/support/fake-api.js';
import { type Machine, makeSystem } from '../support/run-cli.js';

let fake: FakeApi;
let machine: Machine;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ fake, machine, stop } = await makeSystem());
});
afterAll(() => stop());

/** Names of the packages that a command line loads. */
async function packagesOf(...args: string[]): Promise<Set<string>> {
  const LOADS = join(machine.folder, `loads-${args.join('-').replaceAll(/\W/g, '')}`);
  const hook = pathToFileURL(join(import.meta.dirname, '../fixtures/log-loads.mjs')).href;
  const { code } = await machine.run(args, { env: { LOADS, NODE_OPTIONS: `--import=${hook}` } });
  expect(code).toBe(0);
  const urls = (await readFile(LOADS, 'utf8')).split('\n');
  const names = urls.map((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1]);
  return new Set(names.filter((name) => name !== undefined));
}

describe('start-up', () => {
  it('loads nothing for --version and --help with JSON', async () => {
    expect([...(await packagesOf('--version', '--json'))]).toEqual([]);
    expect([...(await packagesOf('--help', '--json'))]).toEqual([]);
  });

  it('of a command that only speaks HTTP loads no Redis client, no configuration writer and no proxy client', async () => {
    const packages = await packagesOf('project', 'list', '--json');

    expect(packages).toContain('@oclif/core');
    for (const heavy of ['ioredis', 'conf', 'undici', 'chalk', 'listr2', '@modelcontextprotocol/sdk'])
      expect(packages).not.toContain(heavy);
  });

  it('of a command about the contracts loads at most their schemas and the parser of command lines', async () => {
    const light = await packagesOf('contracts', 'schema', 'Project', '--json');
    const all = await packagesOf('contracts', 'validate', '--lines', '-');

    expect(light).not.toContain('zod');
    expect(all).toContain('zod');
    for (const heavy of ['ioredis', 'conf', 'undici']) expect(new Set([...light, ...all])).not.toContain(heavy);
  });

  it('of a command that follows a task without a terminal loads no live view', async () => {
    await machine.run(['engineering', 'start', '--project', 'todo-api', '--spec', 'x']);
    fake.end(fake.onlyTask(), 'completed');

    expect(await packagesOf('engineering', 'wait', fake.onlyTask())).not.toContain('listr2');
  });
});
