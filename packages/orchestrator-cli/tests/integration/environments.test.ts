import { execFile } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { errorCodes } from '@codegen/contracts';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type PackedCli, packedCli } from '../../../../tests/support/packed-cli.js';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { type FakeApi, startFakeApi, TOKEN } from '../../../sdk/tests/support/fake-api.js';
import type { Envelope } from '../support/run-cli.js';

/** Where the command line may find itself, and what comes of a start there. */
interface Row {
  name: string;
  /** `project list` where none are named. */
  args?: string;
  /** What a shell does with it; `CLI` stands for the command line. */
  shell?: string;
  /** Beside the address and the token; an empty value takes a variable away. */
  env?: Record<string, string>;
  /** The error's code; none where it works. */
  error?: keyof typeof errorCodes;
  code?: number;
  /** Without a standard output there is no document: what is said instead. */
  says?: RegExp;
  /** Only for the superuser, who can be somebody else. */
  asRoot?: true;
}

// A prepared database of earlier starts spares seconds.
const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
const SOMEBODY = 'setpriv --reuid=54321 --regid=54321 --clear-groups CLI';
const BIN = inject('cli');
const oldNode = join(import.meta.dirname, '../fixtures/old-node.cjs');

const rows: Row[] = [
  { name: 'an ordinary one' },
  { name: 'a Node.js that is too old', env: { NODE_OPTIONS: `--require=${oldNode}` }, error: 'USAGE', code: 2 },
  { name: 'a folder that was deleted', shell: 'mkdir gone && cd gone && rmdir ../gone && CLI' },
  { name: 'no HOME', env: { HOME: '', ORCHESTRATOR_CONFIG_DIR: '' } },
  {
    name: 'an empty environment but for the settings',
    env: { HOME: '', ORCHESTRATOR_CONFIG_DIR: '', PATH: '', LANG: '' },
  },
  { name: 'a HOME that is none', env: { HOME: '/proc/nobody', ORCHESTRATOR_CONFIG_DIR: '' } },
  {
    name: 'a HOME that cannot be written',
    args: 'auth login --token-stdin',
    env: { HOME: '/proc/nobody', ORCHESTRATOR_CONFIG_DIR: '' },
    shell: `echo ${TOKEN} | CLI`,
    error: 'USAGE',
    code: 2,
  },
  {
    name: 'a user without an entry in passwd',
    shell: SOMEBODY,
    env: { HOME: '', ORCHESTRATOR_CONFIG_DIR: '' },
    asRoot: true,
  },
  {
    name: 'a user without an entry in passwd, who logs in',
    args: 'auth login --token-stdin',
    shell: `echo ${TOKEN} | ${SOMEBODY}`,
    env: { HOME: '', ORCHESTRATOR_CONFIG_DIR: '' },
    asRoot: true,
    error: 'USAGE',
    code: 2,
  },
  {
    name: "a configuration that is another user's",
    shell: SOMEBODY,
    env: { ORCHESTRATOR_CONFIG_DIR: '$FOLDER/private' },
    asRoot: true,
    error: 'USAGE',
    code: 2,
  },
  {
    name: 'a configuration that can only be read',
    args: 'auth login --token-stdin',
    shell: `echo ${TOKEN} | ${SOMEBODY}`,
    env: { ORCHESTRATOR_CONFIG_DIR: '$FOLDER/read-only' },
    asRoot: true,
    error: 'USAGE',
    code: 2,
  },
  {
    name: 'a configuration that is no JSON',
    env: { ORCHESTRATOR_CONFIG_DIR: '$FOLDER/broken' },
    error: 'USAGE',
    code: 2,
  },
  {
    name: 'a configuration that is a folder',
    env: { ORCHESTRATOR_CONFIG_DIR: '$FOLDER/folder' },
    error: 'USAGE',
    code: 2,
  },
  {
    name: 'a configuration below a file',
    env: { ORCHESTRATOR_CONFIG_DIR: '$FOLDER/file/config' },
  },
  { name: 'a project file that is no JSON', shell: 'cd broken-project && CLI', error: 'USAGE', code: 2 },
  { name: 'no standard input', shell: 'CLI <&-' },
  { name: 'a standard input that is a folder', shell: 'CLI </' },
  { name: 'no standard error', shell: 'CLI 2>&-' },
  {
    name: 'a standard error that is full',
    shell: 'CLI 2>/dev/full',
    args: 'project get nope',
    error: 'PROJECT_NOT_FOUND',
    code: 3,
  },
  // Node.js puts /dev/null in its place.
  { name: 'no standard output', shell: 'CLI >&-', code: 0, says: /^$/ },
  {
    name: 'a standard output that is full',
    shell: 'CLI >/dev/full',
    code: 1,
    says: /standard output cannot be written \(ENOSPC\)\nTry: df -h/,
  },
  { name: 'a reader that is gone', shell: 'CLI | true', code: 0, says: /^$/ },
  { name: 'no terminal', shell: 'setsid -w CLI' },
  { name: 'a dumb terminal', env: { TERM: 'dumb' } },
  { name: 'a terminal that nobody knows', env: { TERM: 'xterm-nobody', COLORTERM: 'x', COLUMNS: '-1' } },
  { name: 'LANG=C', env: { LANG: 'C', LC_ALL: 'C' } },
  { name: 'a language and a time zone that are none', env: { LANG: 'xx_YY.zzz', LC_ALL: 'xx', TZ: 'No/Where' } },
  { name: 'no folder for temporary files', env: { TMPDIR: '/proc/nobody' } },
  { name: 'few open files', shell: 'ulimit -n 40 && CLI' },
  {
    name: 'a umask that keeps everybody out',
    args: 'auth login --token-stdin',
    shell: `umask 0777 && echo ${TOKEN} | CLI`,
    env: { ORCHESTRATOR_CONFIG_DIR: '$FOLDER/masked' },
  },
  { name: 'no address', env: { ORCHESTRATOR_API_URL: '' }, error: 'NOT_CONFIGURED', code: 4 },
  {
    name: 'an address where nobody listens',
    env: { ORCHESTRATOR_API_URL: 'http://127.0.0.1:1' },
    error: 'NETWORK',
    code: 75,
  },
  { name: 'an address that is none', env: { ORCHESTRATOR_API_URL: 'nowhere' }, error: 'USAGE', code: 2 },
];

let cli: PackedCli;
let fake: FakeApi;
let folder: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  cli = await packedCli();
  fake = await startFakeApi();
  ({ path: folder, remove } = await tempFolder('codegen-environments'));
  for (const one of [folder, cli.folder]) await chmod(one, 0o755);
  for (const name of ['private', 'read-only', 'broken', 'folder/config.json', 'broken-project']) {
    await mkdir(join(folder, name), { recursive: true });
  }
  await writeFile(join(folder, 'private', 'config.json'), '{}', { mode: 0o600 });
  await chmod(join(folder, 'read-only'), 0o555);
  await writeFile(join(folder, 'broken', 'config.json'), '{"profiles":', { mode: 0o600 });
  await writeFile(join(folder, 'file'), '');
  await writeFile(join(folder, 'broken-project', '.orchestrator.json'), '{');
});
afterAll(async () => {
  await fake.stop();
  await remove();
  await cli.remove();
});

/** A start by a shell, in an environment of its own. */
async function start({ args = 'project list', shell = 'CLI', env = {} }: Row, bin = cli.bin) {
  const settings = {
    ORCHESTRATOR_API_URL: fake.url,
    ORCHESTRATOR_TOKEN: TOKEN,
    ORCHESTRATOR_CONFIG_DIR: '$FOLDER/own',
  };
  const all = { PATH: process.env.PATH ?? '', HOME: '$FOLDER', ...settings, ...env };
  const given = Object.entries(all).filter(([, value]) => value !== '');
  const variables = Object.fromEntries(given.map(([name, value]) => [name, value.replace('$FOLDER', folder)]));
  const line = shell.replace('CLI', `"${process.execPath}" "${bin}" ${args} --json`);
  return await new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile('/bin/sh', ['-c', line], { cwd: folder, env: variables, timeout: 100_000 }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr });
    });
  });
}

describe('one document and an exit code, in', () => {
  it.each(rows)('$name', async (row) => {
    if (row.asRoot && process.getuid?.() !== 0) return;
    const { code, stdout, stderr } = await start(row);

    expect({ code, stderr }).toMatchObject({ code: row.code ?? 0 });
    expect(stderr).not.toMatch(/\n {4}at |\bBUG\b/);
    if (row.says) {
      expect(stdout).toBe('');
      expect(stderr).toMatch(row.says);
      return;
    }
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    const envelope = JSON.parse(stdout) as Envelope;
    expect(envelope).toMatchObject({ ok: row.error === undefined, schema_version: 1 });
    if (row.error) expect(envelope.error).toMatchObject({ code: row.error, exit_code: row.code });
    if (row.error) expect(envelope.next.length).toBeGreaterThan(0);
  });

  it('a port that is in use', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => void taken.listen(0, '127.0.0.1', resolve));
    const args = `up --port ${(taken.address() as AddressInfo).port} --data-dir "${join(folder, 'data')}"`;
    const { code, stdout, stderr } = await start({ name: '', args, env: { XDG_CACHE_HOME: cache } }, BIN);
    taken.close();

    expect({ code, stderr }).toMatchObject({ code: 2 });
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      command: 'up',
      error: { message: expect.stringContaining('is in use') },
    });
  }, 120_000);
});
