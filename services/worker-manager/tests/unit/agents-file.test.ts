import { execFileSync } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { type AgentsFileError, readAgentsFile } from '../../src/agents-file.js';

let folder: Awaited<ReturnType<typeof tempFolder>>;
let file: string;
beforeAll(async () => {
  folder = await tempFolder();
  file = join(folder.path, 'agents.json');
});
afterAll(() => folder.remove());

const env = { PATH: process.env.PATH ?? '', MODE: 'fast', EMPTY: '' };

async function read(agents: unknown) {
  await writeFile(file, typeof agents === 'string' ? agents : JSON.stringify(agents));
  return await readAgentsFile(file, env);
}

/** What is wrong, by its place in the file. */
async function faults(agents: unknown): Promise<Record<string, string>> {
  const error = await read(agents).then(
    () => undefined,
    (thrown: AgentsFileError) => thrown,
  );
  return Object.fromEntries((error?.problems ?? []).map(({ path, message }) => [path, message]));
}

describe('the agents file', () => {
  it('is taken where all of it fits', async () => {
    const own = join(folder.path, 'my agent');
    await writeFile(own, '#!/bin/sh\n');
    await chmod(own, 0o755);
    const agents = {
      plain: { command: ['sh', '-c', 'true'] },
      own: {
        command: [own],
        env: { A: '1', B: 'env:MODE', C: 'env:EMPTY', D: 'vault:platform/KEY', E: 'vault:project/p/KEY', F: 'none:' },
        allowEnv: ['G', 'APP_*'],
      },
      'by its own PATH': { command: ['my agent'], env: { PATH: folder.path } },
    };
    expect(await read(agents)).toEqual(agents);
  });

  it('is told of everything at once that is wrong, where it stands, and never with a value', async () => {
    const secret = 'sEcReT-0123456789';
    await mkdir(join(folder.path, 'directory'), { recursive: true });
    const found = await faults({
      mine: {
        command: ['no-such-program'],
        allowenv: ['A'],
        environment: {},
        env: {
          '1A': 'x',
          UNSET: 'env:NOT_SET',
          BROKEN: 'vault:nosuch',
          WHOLE: 'vault:project/p',
          NUMBER: 7,
          NUL: `${secret}\u0000`,
          LOOKS: `env:${secret}`,
        },
        allowEnv: ['*', 'A*B', 'UNSET', 'NODE_OPTIONS', 7],
      },
      relative: { command: ['./agent.sh'] },
      missing: { command: ['/nowhere/agent'] },
      folder: { command: [join(folder.path, 'directory')] },
      line: { command: 'demo --fast' },
      none: null,
      list: { command: ['sh'], env: ['A'], allowEnv: 'A' },
    });
    expect(found).toEqual({
      'mine.allowenv': 'there is no such key: write allowEnv',
      'mine.environment': 'there is no such key: there are command, env, allowEnv',
      'mine.command': '"no-such-program" is not on the PATH: install it, or give its whole path',
      'mine.env.1A': 'that is no variable name: letters, digits and _, no digit first',
      'mine.env.UNSET': expect.stringMatching(/^env:NOT_SET is not set here: /),
      'mine.env.BROKEN': expect.stringMatching(/^that is no reference: write env:NAME, /),
      'mine.env.WHOLE': expect.stringMatching(/^vault:project\/p is every secret of a project: /),
      'mine.env.NUMBER': 'it must be a text: a value or a reference',
      'mine.env.NUL': 'it holds a NUL character, which no environment can: take it out',
      'mine.env.LOOKS': expect.stringMatching(/^that is no reference: /),
      'mine.allowEnv[0]': expect.stringMatching(/^it must be a variable name/),
      'mine.allowEnv[1]': expect.stringMatching(/^it must be a variable name/),
      'mine.allowEnv[2]': expect.stringMatching(/^UNSET is set in env/),
      'mine.allowEnv[3]': expect.stringMatching(/^NODE_OPTIONS decides what runs/),
      'mine.allowEnv[4]': expect.stringMatching(/^it must be a variable name/),
      'relative.command': expect.stringMatching(/^".\/agent.sh" would be looked for in each project's clone/),
      'missing.command': expect.stringMatching(/is no program that this account may run/),
      'folder.command': expect.stringMatching(/is no program that this account may run/),
      'line.command': 'it must be a list of texts: ["program", "argument"]',
      none: expect.stringMatching(/^it must be \{"command"/),
      'list.env': 'it must be {"NAME": "value or reference"}',
      'list.allowEnv': 'it must be a list: ["NAME", "APP_*"]',
    });
    expect(JSON.stringify(found)).not.toContain(secret);
  });

  it('that cannot be read, or holds something else, is told as such, and a pipe keeps nobody waiting', async () => {
    const pipe = join(folder.path, 'pipe');
    execFileSync('mkfifo', [pipe]);
    await expect(readAgentsFile(pipe, env)).rejects.toThrow(
      /pipe does not fit: it is a named pipe, not a regular file/,
    );
    await expect(readAgentsFile(folder.path, env)).rejects.toThrow(/it is a folder, not a regular file/);
    await expect(readAgentsFile(join(folder.path, 'none'), env)).rejects.toThrow(/there is no such file/);
    await expect(read('{"a": sEcReT')).rejects.toThrow(/it is not JSON.*: correct or remove it$/);
    await expect(read('{"a": sEcReT')).rejects.not.toThrow(/sEcReT/);
    await expect(read([])).rejects.toThrow(/it must hold \{"name"/);
  });
});
