import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { type FakeApi, startFakeApi, TOKEN } from '../../../sdk/tests/support/fake-api.js';
import { startCli } from '../support/cli-process.js';
import { type Envelope, envelopeOf } from '../support/run-cli.js';

const bin = inject('cli');
let folder: string;
let remove: () => Promise<void>;
let fake: FakeApi;
beforeAll(async () => {
  ({ path: folder, remove } = await tempFolder('codegen-command-line'));
  fake = await startFakeApi();
});
afterAll(async () => {
  await fake.stop();
  await remove();
});

/** Runs a command line that must end in an error, without a request having been made. */
async function refused(args: readonly string[], env: Record<string, string> = {}): Promise<Envelope> {
  const before = fake.seen.length;
  const base = { PATH: process.env.PATH ?? '', HOME: folder, ORCHESTRATOR_JSON: '1' };
  const login = { ORCHESTRATOR_API_URL: fake.url, ORCHESTRATOR_TOKEN: TOKEN };
  const running = await startCli(bin, args, { env: { ...base, ...login, ...env }, cwd: folder });
  const envelope = envelopeOf(await running.finished);
  expect(fake.seen.slice(before)).toEqual([]);
  expect(envelope.ok).toBe(false);
  return envelope;
}

describe('what cannot name anything', () => {
  const places: [string, (text: string) => [string[], Record<string, string>?]][] = [
    ['an argument', (text) => [['project', 'get', text]]],
    ['a flag that goes into a query', (text) => [['task', 'list', '--project', text]]],
    ['a flag that goes into a body', (text) => [['engineering', 'start', '--spec', 'x', '--project', text]]],
    ['a variable', (text) => [['deploy', 'status'], { ORCHESTRATOR_PROJECT: text }]],
  ];

  it.each(places)('is refused before any request, as %s', async (_, lineOf) => {
    for (const text of ['../x', 'a?b', 'a#b', 'a%2e', 'a\u0007b']) {
      const { error } = await refused(...lineOf(text));
      expect(error).toMatchObject({ code: 'VALIDATION_FAILED', exit_code: 2 });
    }
  });
});

describe('numbers', () => {
  it('outside of their range are refused', async () => {
    for (const limit of ['0', '-1', '501', '1000000000', '1e2', '0x10', '1.5', ' 5', '٣']) {
      const { error } = await refused(['project', 'list', '--limit', limit]);
      expect(error).toMatchObject({ code: 'USAGE', exit_code: 2, message: expect.stringContaining('--limit') });
    }
  });
});

describe('a flag', () => {
  it('that is given twice is refused, for nobody can tell which one is meant', async () => {
    const { error } = await refused(['deploy', 'start', '--project', 'a', '--project', 'b']);

    expect(error).toMatchObject({ code: 'USAGE', message: expect.stringContaining('--project') });
  });

  it('that is empty is not the same as none', async () => {
    for (const line of [
      ['task', 'list', '--project='],
      ['project', 'list', '--name', ''],
      ['task', 'list', '--profile='],
    ]) {
      expect((await refused(line)).error).toMatchObject({
        code: 'USAGE',
        message: expect.stringContaining('is given, but empty'),
      });
    }
  });

  it('whose hyphens became a dash is recognised', async () => {
    expect((await refused(['project', 'list', '–json'])).error.message).toContain('type --json');
    expect((await refused(['project', 'list', '—limit=5'])).error.message).toContain('type --limit');
    expect((await refused(['–json', 'project', 'list'])).error.message).toContain('type --json');
    expect((await refused(['project', 'get', '–json'])).error.message).toContain('type --json');
  });

  it('that asks for JSON in a way of its own gets its error in JSON', async () => {
    expect((await refused(['project', 'list', '--json=yes'], { ORCHESTRATOR_JSON: '' })).error.exit_code).toBe(2);
  });

  it('behind -- is none', async () => {
    expect((await refused(['project', 'get', '--', '--json'])).error.code).toBe('VALIDATION_FAILED');
    expect((await refused(['--', 'project', 'list'])).error.exit_code).toBe(2);
  });
});

describe('very long words', () => {
  it('are refused in few words, and soon', async () => {
    const long = 'x'.repeat(100_000);
    for (const line of [[long], ['project', long], ['project', 'list', `--${long}`], ['project', 'get', long]]) {
      const envelope = await refused(line);
      expect(envelope.error.exit_code).toBe(2);
      expect(JSON.stringify(envelope).length).toBeLessThan(1500);
    }
  });
});

describe('ALLOWED_COMMANDS', () => {
  it('that allows nothing that there is allows nothing', async () => {
    for (const list of ['', ' ', ',', 'projct.*', 'project', 'list', 'PROJECT.*', '**', 'constructor', 'DEVELOPER']) {
      const { error } = await refused(['project', 'list'], { ALLOWED_COMMANDS: list });
      expect(error).toMatchObject({ code: 'COMMAND_NOT_ALLOWED', exit_code: 6 });
    }
  });

  it('is read with colons, spaces, stars and roles in lower case', async () => {
    for (const list of ['project:list', 'x, project.list', 'project:*', ' product_owner ', '*', 'task.* project.*']) {
      // Allowed, so that the next check refuses it.
      expect((await refused(['project', 'list', '--limit=0'], { ALLOWED_COMMANDS: list })).error.code).toBe('USAGE');
    }
  });
});

describe('DEBUG', () => {
  it('shows nothing of the command line or the environment that is secret', async () => {
    const base = { PATH: process.env.PATH ?? '', HOME: folder, DEBUG: '*', ORCHESTRATOR_DEBUG: '1' };
    const secrets = { ORCHESTRATOR_TOKEN: TOKEN, ORCHESTRATOR_REDIS_URL: 'redis://:sEcReT-redis@127.0.0.1:1' };
    const env = {
      ...base,
      ...secrets,
      ORCHESTRATOR_API_URL: fake.url,
      HTTPS_PROXY: 'http://a:sEcReT-proxy@127.0.0.1:1',
    };
    for (const args of [
      ['project', 'list'],
      ['project', 'list', '--token=sEcReT-flag'],
      ['project', 'get', 'nope'],
    ]) {
      const { stdout, stderr } = await (await startCli(bin, args, { env, cwd: folder })).finished;
      expect(stdout + stderr).not.toContain('sEcReT');
      expect(stderr).not.toBe('');
    }
  });
});
